import { asSentence } from './words.ts';

/** Who refuses pods: a quota that is used up, a spec that says too little or names what is not there, or a policy. */
export type Refuser = 'quota' | 'spec' | 'policy';

interface Cause {
  pattern: RegExp;
  refuser: Refuser;
  what: string;
  /** What would help; `resources` is the field where the pods' resources are given. */
  remedy: (resources: string) => string;
}

/** What is known to refuse pods; the first that fits counts, and the last fits always. */
const causes: readonly Cause[] = [
  {
    pattern: /exceeded quota/,
    refuser: 'quota',
    what: 'A quota of the namespace does not allow the pods',
    remedy: (resources) => `Free some of the quota, have it raised, or lower ${resources}.`,
  },
  {
    pattern: /failed quota.*must specify/,
    refuser: 'spec',
    what: 'A quota of the namespace asks pods to say more',
    remedy: (resources) => `Give what it names in ${resources}.`,
  },
  {
    pattern: /no PriorityClass with name/,
    refuser: 'spec',
    what: 'The pods may not be made',
    remedy: () => 'Correct spec.placement.priorityClassName, or have the class made.',
  },
  {
    pattern: /(maximum|minimum) \S+ usage per/,
    refuser: 'policy',
    what: 'A LimitRange of the namespace does not allow the pods',
    remedy: (resources) => `Change ${resources}, or have the range changed.`,
  },
  {
    pattern: /^/,
    refuser: 'policy',
    what: 'The pods may not be made',
    remedy: () => 'Change what the policy objects to, or have it changed.',
  },
];

/** Why Kubernetes may not make pods, in words that stay the same for each pod that is tried. */
export function explainPodRefusal(message: string, resources: string): { refuser: Refuser; message: string } {
  const why = asSentence(message.replace(/^(Error creating: )?(pods "[^"]*" is forbidden: )?/, ''));
  const { refuser, what, remedy } = causes.find(({ pattern }) => pattern.test(why)) as Cause;
  return { refuser, message: `${what}: ${why} ${remedy(resources)}` };
}
