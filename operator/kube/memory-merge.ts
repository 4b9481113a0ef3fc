import { sameJson } from './same-json.ts';
import { elementKey, fieldAt, isObject, listKeys, TOP, type FieldPlace } from './field-place.ts';

interface Versions {
  live: unknown;
  /** What the same manager applied before. */
  previous: unknown;
  desired: unknown;
}

/**
 * A model of server-side apply with force: what is desired wins, what the manager wanted before and no longer wants goes
 * unless somebody changed it since, and the rest belongs to others and stays.
 */
export function mergeApplied(versions: Versions, place: FieldPlace = TOP): unknown {
  const { live, desired } = versions;
  if (desired === undefined || desired === null) return withoutPrevious(versions, place);
  if (isObject(desired)) return mergeObject(versions, place);
  const keys = listKeys(place);
  if (Array.isArray(desired) && Array.isArray(live) && keys !== undefined) return mergeMapList(versions, place, keys);
  return desired;
}

function withoutPrevious(versions: Versions, place: FieldPlace): unknown {
  const { live, previous } = versions;
  if (previous === undefined || sameJson(live, previous)) return previous === undefined ? live : undefined;
  if (isObject(live) && isObject(previous)) return orNothing(mergeObject(versions, place));
  const keys = listKeys(place);
  const isMapList = Array.isArray(live) && Array.isArray(previous) && keys !== undefined;
  return isMapList ? orNothing(mergeMapList(versions, place, keys)) : live;
}

const orNothing = (value: object): object | undefined => (Object.keys(value).length === 0 ? undefined : value);

function mergeObject({ live, previous, desired }: Versions, place: FieldPlace): Record<string, unknown> {
  const [liveMap, previousMap, desiredMap] = [asMap(live), asMap(previous), asMap(desired)];
  const merged: Record<string, unknown> = {};
  for (const name of new Set([...Object.keys(liveMap), ...Object.keys(desiredMap)])) {
    const value = mergeApplied(
      { live: liveMap[name], previous: previousMap[name], desired: desiredMap[name] },
      fieldAt(place, name),
    );
    if (value !== undefined) merged[name] = value;
  }
  return merged;
}

function mergeMapList({ live, previous, desired }: Versions, place: FieldPlace, keys: readonly string[]): unknown[] {
  const [lives, previouses, desireds] = [live, previous, desired].map((list) => byKey(list, keys));
  const all = new Set([...(desireds?.keys() ?? []), ...(lives?.keys() ?? [])]);
  return [...all]
    .map((key) =>
      mergeElement({ live: lives?.get(key), previous: previouses?.get(key), desired: desireds?.get(key) }, place),
    )
    .filter((element) => element !== undefined);
}

/** An element that was ours and is not wanted any more goes as a whole: its key alone must not keep it alive. */
function mergeElement(versions: Versions, place: FieldPlace): unknown {
  if (versions.desired === undefined && sameJson(versions.live, versions.previous)) return undefined;
  return versions.desired === undefined ? versions.live : mergeApplied(versions, place);
}

const asMap = (value: unknown): Record<string, unknown> => (isObject(value) ? value : {});

const byKey = (list: unknown, keys: readonly string[]): Map<string, unknown> =>
  new Map((Array.isArray(list) ? list : []).map((element: unknown) => [elementKey(element, keys), element]));
