import type { Lease, LeaseClient } from '../loop/leader.ts';
import type { Api, ApiCall } from './api.ts';
import { isNotFound } from './api-errors.ts';
import { resourcePath } from './watched-kind.ts';

const KIND = { apiVersion: 'coordination.k8s.io/v1', kind: 'Lease' };

/** Reaches one Lease. Its requests never wait behind others, and end early enough for a second try before the deadline. */
export function createLeaseClient(
  api: Api,
  lease: { name: string; namespace: string; timeoutMs: number },
): LeaseClient {
  const { name, namespace, timeoutMs } = lease;
  const collection = resourcePath({ apiVersion: KIND.apiVersion, plural: 'leases' }, { namespace });
  const common: Pick<ApiCall, 'resource' | 'timeoutMs' | 'urgent'> = { resource: 'leases', timeoutMs, urgent: true };
  return {
    get: async () => {
      try {
        return await api.request<Lease>({ ...common, verb: 'get', method: 'GET', path: `${collection}/${name}` });
      } catch (error) {
        if (isNotFound(error)) return undefined;
        throw error;
      }
    },
    create: (spec) =>
      api.request<Lease>({
        ...common,
        verb: 'create',
        method: 'POST',
        path: collection,
        body: { ...KIND, metadata: { name, namespace }, spec },
      }),
    update: (changed) =>
      api.request<Lease>({
        ...common,
        verb: 'update',
        method: 'PUT',
        path: `${collection}/${name}`,
        body: { ...KIND, metadata: changed.metadata, spec: changed.spec },
      }),
  };
}
