// Run by `helm test`: is every part of the release there? Prints one line for each and exits 1 when one is missing.
import { readFileSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';

const { OPERATOR_URL, REGISTRY_URL, KUBERNETES_SERVICE_HOST, KUBERNETES_SERVICE_PORT } = process.env;
const host = KUBERNETES_SERVICE_HOST.includes(':') ? `[${KUBERNETES_SERVICE_HOST}]` : KUBERNETES_SERVICE_HOST;
const token = readFileSync('/var/run/secrets/kubernetes.io/serviceaccount/token', 'utf8');

const checks = [
  {
    name: 'the API server serves the kinds of aimass.dev/v1alpha1',
    url: `https://${host}:${KUBERNETES_SERVICE_PORT}/apis/aimass.dev/v1alpha1`,
    headers: { authorization: `Bearer ${token}` },
    accepts: async (response) => {
      const { resources = [] } = await response.json();
      const missing = ['models', 'inferenceservices'].filter((name) => !resources.some((one) => one.name === name));
      return response.ok && missing.length === 0;
    },
  },
  { name: 'the operator is ready', url: `${OPERATOR_URL}:8081/readyz` },
  {
    name: 'the operator gives metrics',
    url: `${OPERATOR_URL}:8080/metrics`,
    accepts: async (response) => response.ok && (await response.text()).includes('# TYPE'),
  },
  // 401: it wants a login, so it is there.
  {
    name: 'the registry answers',
    url: REGISTRY_URL && `${REGISTRY_URL}/v2/`,
    accepts: (response) => response.ok || response.status === 401,
  },
];

async function problemOf({ url, headers = {}, accepts = (response) => response.ok }) {
  try {
    const response = await fetch(url, { headers, signal: AbortSignal.timeout(5000) });
    return (await accepts(response.clone())) ? undefined : `${url} answered ${response.status}: ${await response.text()}`;
  } catch (error) {
    return `${url}: ${error.cause?.message ?? error.message}`;
  }
}

const deadline = Date.now() + 60_000;
let failed = 0;
for (const check of checks.filter(({ url }) => url)) {
  let problem = await problemOf(check);
  while (problem !== undefined && Date.now() < deadline) {
    await sleep(1000);
    problem = await problemOf(check);
  }
  console.log(problem === undefined ? `ok      ${check.name}` : `FAILED  ${check.name}: ${problem}`);
  if (problem !== undefined) failed += 1;
}
process.exit(failed === 0 ? 0 : 1);
