import type { TrainingJob, TrainingJobSpec } from '../../../crds/schema/training-job.ts';
import { targetUri } from '../../build/training-job/publish-container.ts';
import { unknownParameters } from '../../build/training-job/unknown-parameters.ts';
import type { Settings } from '../../settings.ts';
import { asSentence } from '../words.ts';
import { cronOf } from './schedule.ts';

interface Facts {
  job: TrainingJob;
  spec: TrainingJobSpec;
  settings: Settings;
}
type Check = (facts: Facts) => string | undefined;

const isScalar = (value: unknown): boolean => ['string', 'number', 'boolean'].includes(typeof value);
const shown = (value: unknown): string => (JSON.stringify(value) ?? 'nothing').slice(0, 100);

const parametersAreScalar: Check = ({ spec }) =>
  notScalar(spec.parameters, 'spec.parameters') ?? notScalar(spec.recipe?.options, 'spec.recipe.options');

function notScalar(values: Record<string, unknown> | undefined, field: string): string | undefined {
  const wrong = Object.entries(values ?? {}).find(([, value]) => !isScalar(value));
  return wrong === undefined
    ? undefined
    : `${field}.${wrong[0]} is ${shown(wrong[1])}; it must be a text, a number or a boolean. Write lists and objects as JSON text.`;
}

const parametersAreKnown: Check = ({ spec }) => {
  const [name] = unknownParameters(spec);
  return name === undefined
    ? undefined
    : `$(parameters.${name}) stands in command, args or env, but there is no such parameter; add "${name}" to spec.parameters, or correct the name.`;
};

const valuesFit: Check = ({ spec }) => {
  for (const dimension of spec.search?.parameters ?? []) {
    const wrong = wrongValues(dimension);
    if (wrong !== undefined) return `values of spec.search.parameters "${dimension.name}" ${wrong}`;
  }
  return undefined;
};

type Dimension = NonNullable<TrainingJobSpec['search']>['parameters'][number];

function wrongValues({ type, values }: Dimension): string | undefined {
  if (type !== 'categorical') {
    return values === undefined ? undefined : `are given, but it is of type ${type}; give min and max in their place.`;
  }
  if (values === undefined || values.length === 0) return 'are missing; categorical chooses among them.';
  const wrong = values.find((value) => !isScalar(value));
  return wrong === undefined ? undefined : `have ${shown(wrong)}; each must be a text, a number or a boolean.`;
}

const wholeNumbers: Check = ({ spec }) => {
  for (const { name, type, min, max, step } of spec.search?.parameters ?? []) {
    const wrong = [min, max, step].find((value) => value !== undefined && !Number.isInteger(value));
    if (type === 'int' && wrong !== undefined)
      return `spec.search.parameters "${name}" is of type int, but ${wrong} is no whole number; correct it, or use type float.`;
  }
  return undefined;
};

const conditionsFit: Check = ({ spec }) => {
  const all = spec.search?.parameters ?? [];
  const broken = all.find(
    ({ name, when }) =>
      when !== undefined && !all.some((other) => other.name === when.parameter && other.name !== name),
  );
  return broken === undefined
    ? undefined
    : `spec.search.parameters "${broken.name}" exists when "${broken.when?.parameter}" has a value, but the search has no other parameter of that name; correct when.parameter.`;
};

const tableHasTarget: Check = ({ spec }) =>
  spec.recipe?.name.startsWith('tabular-') === true && spec.prepare === undefined
    ? `Recipe ${spec.recipe.name} needs spec.prepare.target, the name of the column to predict.`
    : undefined;

const registryIsKnown: Check = ({ job, spec, settings }) =>
  spec.publish !== undefined && targetUri(job, 1, settings) === undefined
    ? 'spec.publish.to is missing, and the platform has no registry of its own; give it as oci://registry/team/model.'
    : undefined;

const scheduleIsValid: Check = ({ spec: { schedule } }) => {
  if (schedule === undefined) return undefined;
  const { cron, timeZone } = schedule;
  try {
    void new Intl.DateTimeFormat('en', { timeZone });
  } catch {
    return `spec.schedule.timeZone is "${timeZone}", which is no time zone; use an IANA name such as Europe/Berlin.`;
  }
  try {
    return cronOf(schedule).nextRun() === null
      ? `spec.schedule.cron is "${cron}", which never comes; correct it.`
      : undefined;
  } catch (error) {
    const why = asSentence((error instanceof Error ? error.message : String(error)).replace(/^CronPattern: /, ''));
    return `spec.schedule.cron is "${cron}", which is not valid: ${why} Use five fields, such as "0 3 * * 1".`;
  }
};

const checks: readonly Check[] = [
  parametersAreScalar,
  parametersAreKnown,
  valuesFit,
  wholeNumbers,
  conditionsFit,
  tableHasTarget,
  registryIsKnown,
  scheduleIsValid,
];

/** What is wrong with the spec that the API server cannot see; names the field, the value and the remedy. */
export function specProblem(job: TrainingJob, settings: Settings): string | undefined {
  for (const check of checks) {
    const found = check({ job, spec: job.spec, settings });
    if (found !== undefined) return found;
  }
  return undefined;
}
