import { elementKey, fieldAt, isObject, listKeys, TOP, type FieldPlace } from './field-place.ts';

/** The part of `live` that `desired` speaks about: its fields with the values that they really have. */
export function restrictTo(live: unknown, desired: unknown, place: FieldPlace = TOP): unknown {
  if (isObject(live) && isObject(desired)) {
    const names = Object.keys(desired).filter((name) => name in live);
    return Object.fromEntries(names.map((name) => [name, restrictTo(live[name], desired[name], fieldAt(place, name))]));
  }
  if (!Array.isArray(live) || !Array.isArray(desired)) return live;
  const keys = listKeys(place);
  if (keys === undefined) return live.map((element: unknown, index) => restrictTo(element, desired[index], place));
  const wanted = new Map(desired.map((element: unknown) => [elementKey(element, keys), element]));
  return live
    .filter((element: unknown) => wanted.has(elementKey(element, keys)))
    .map((element: unknown) => restrictTo(element, wanted.get(elementKey(element, keys)), place));
}
