-- Health of Model, InferenceService and TrainingJob (aimass.dev) for Argo CD.
-- The contract is docs/reference/status-contract.md; the verdicts are those of kstatus, so Argo CD and Flux agree.
local function verdict(status, message)
  return { status = status, message = message }
end

local function words(condition)
  if condition.message ~= nil and condition.message ~= "" then
    return condition.message
  end
  return condition.reason
end

local status = obj.status
if obj.metadata.deletionTimestamp ~= nil then
  return verdict("Progressing", "Being deleted.")
end
if status == nil or status.observedGeneration == nil or status.observedGeneration == -1 then
  return verdict("Progressing", "The AI Mass operator has not seen this object yet.")
end
if status.observedGeneration ~= obj.metadata.generation then
  return verdict("Progressing", "The AI Mass operator has not seen the last change yet.")
end

local ready = nil
for _, condition in ipairs(status.conditions or {}) do
  if condition.type == "Reconciling" and condition.status == "True" then
    return verdict("Progressing", words(condition))
  end
  if condition.type == "Stalled" and condition.status == "True" then
    return verdict("Degraded", words(condition))
  end
  if condition.type == "Ready" then
    ready = condition
  end
end

if ready == nil then
  return verdict("Progressing", "The AI Mass operator has not said yet whether this object is ready.")
end
if ready.status ~= "True" then
  return verdict("Progressing", words(ready))
end
if ready.reason == "Suspended" then
  return verdict("Suspended", words(ready))
end
return verdict("Healthy", words(ready))
