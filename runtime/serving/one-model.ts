import { ApiError } from '../errors.ts';
import type { Repository } from './data-plane.ts';
import type { HostedModel } from './hosted-model.ts';
import { Library } from './library.ts';

/** The repository of a pod: one model, which stays. */
export function holdOneModel(model: HostedModel): { library: Library; repository: Repository } {
  const library = new Library();
  library.add(model);
  const fixed = () => {
    throw new ApiError('Forbidden', 'This server holds one model for good.');
  };
  const repository: Repository = {
    isOpen: false,
    load: async () => fixed(),
    unload: async () => fixed(),
    ensure: () => undefined,
    unavailable: () => [],
  };
  return { library, repository };
}
