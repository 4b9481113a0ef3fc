import { sameJson } from './same-json.ts';
import { elementKey, fieldAt, isAmount, isObject, listKeys, TOP, type FieldPlace } from './field-place.ts';
import { sameQuantity } from './quantity.ts';

type JsonMap = Record<string, unknown>;

/**
 * Whether the live object already says what the desired one says. What only the live one has (defaults, fields of others)
 * does not count; the API server's own spelling (`1000m` → `1`, empty maps left out) does not either.
 */
export function covers(live: unknown, desired: unknown, place: FieldPlace = TOP): boolean {
  if (isNull(live)) return isNothing(desired);
  if (isNull(desired)) return true;
  if (Array.isArray(desired)) return Array.isArray(live) && coversList(live, desired, place);
  if (isObject(desired)) return isObject(live) && coversObject(live, desired, place);
  return sameJson(live, desired) || sameAmount(live, desired, place);
}

const coversObject = (live: JsonMap, desired: JsonMap, place: FieldPlace): boolean =>
  Object.entries(desired).every(([name, value]) => covers(live[name], value, fieldAt(place, name)));

/** The API server drops empty maps and lists of optional fields. */
function isNothing(desired: unknown): boolean {
  if (isNull(desired)) return true;
  if (Array.isArray(desired)) return desired.length === 0;
  return isObject(desired) && Object.values(desired).every(isNothing);
}

function coversList(live: readonly unknown[], desired: readonly unknown[], place: FieldPlace): boolean {
  const keys = listKeys(place);
  if (keys === undefined) {
    return live.length === desired.length && desired.every((value, index) => covers(live[index], value, place));
  }
  const byKey = new Map(live.map((element) => [elementKey(element, keys), element]));
  return desired.every((element) => covers(byKey.get(elementKey(element, keys)), element, place));
}

const isScalarAmount = (value: unknown): value is string | number =>
  typeof value === 'string' || typeof value === 'number';

const sameAmount = (live: unknown, desired: unknown, place: FieldPlace): boolean =>
  isAmount(place) && isScalarAmount(live) && isScalarAmount(desired) && sameQuantity(live, desired);

const isNull = (value: unknown): value is undefined | null => value === undefined || value === null;
