import type { SourcedModel } from '../../../crds/schema/model.ts';
import type { Settings } from '../../settings.ts';

/** What one verification is made from. */
export interface VerificationRequest {
  model: SourcedModel;
  settings: Settings;
  /** The frozen copy of the golden examples; absent when the artifact carries its own. */
  goldenConfigMap?: string | undefined;
  /** Tells this attempt from others of the same content. */
  nonce: Readonly<Record<string, unknown>>;
}
