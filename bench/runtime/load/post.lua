-- wrk: the same POST over and over; prints one line of JSON at the end. BENCH_BODY: a file; BENCH_HEADERS: "Name: value" lines.
wrk.method = "POST"
local body = io.open(os.getenv("BENCH_BODY"), "rb")
wrk.body = body:read("*a")
body:close()
for name, value in os.getenv("BENCH_HEADERS"):gmatch("([^:\n]+): ([^\n]+)") do wrk.headers[name] = value end

function done(summary, latency)
  local errors = summary.errors
  local failed = errors.connect + errors.read + errors.write + errors.status + errors.timeout
  io.write(string.format('\n{"requests":%d,"seconds":%.6f,"p50Ms":%.3f,"p99Ms":%.3f,"failed":%d}\n',
    summary.requests, summary.duration / 1e6, latency:percentile(50) / 1e3, latency:percentile(99) / 1e3, failed))
end
