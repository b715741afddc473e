import { isRow, type Row } from "./answer.ts";

/** Where each ZIP is: latitude and longitude. */
export type Places = Map<string, [number, number]>;

/** What comes along with an answer for its pictures, in the result's `_meta`. Nothing in it is trusted. */
export interface Beside {
  places: Places;
  /** How many days ago the referrals of an agent were, the latest first; none where nobody told. */
  referrals(company: string | undefined, agent: string): number[];
  /** What people call a company; its name where nobody told. */
  companyName(name: string): string;
}

const PLACES = "spectora/places";
const REFERRALS = "spectora/referrals";
const COMPANIES = "spectora/companies";

const part = (told: unknown, name: string): Row => {
  const found = isRow(told) && Object.hasOwn(told, name) ? told[name] : undefined;
  return isRow(found) ? found : {};
};

export function besideOf(meta: unknown): Beside {
  const referrals = part(meta, REFERRALS);
  const names = part(meta, COMPANIES);
  return {
    places: placesIn(part(meta, PLACES)),
    referrals(company, agent) {
      const days = part(referrals, company ?? "")[agent];
      const known = Array.isArray(days) ? days : [];
      return known.filter((ago): ago is number => typeof ago === "number" && Number.isFinite(ago) && ago >= 0);
    },
    companyName(name) {
      const told = Object.hasOwn(names, name) ? names[name] : undefined;
      return typeof told === "string" && told.trim() !== "" ? told : name;
    },
  };
}

/** What is no pair of degrees is left out. */
function placesIn(told: Row): Places {
  const found: Places = new Map();
  for (const [zip, place] of Object.entries(told)) {
    if (!Array.isArray(place)) continue;
    const [latitude, longitude] = place.map(Number);
    if (latitude !== undefined && longitude !== undefined && Math.abs(latitude) <= 90 && Math.abs(longitude) <= 180)
      found.set(zip, [latitude, longitude]);
  }
  return found;
}

/** What came along with an answer, together with that of its next page. */
export function joinedBeside(first: unknown, next: unknown): Row {
  const [before, after] = [part(first, REFERRALS), part(next, REFERRALS)];
  const companies = [...new Set([...Object.keys(before), ...Object.keys(after)])];
  return {
    ...(isRow(first) ? first : {}),
    [PLACES]: { ...part(first, PLACES), ...part(next, PLACES) },
    [REFERRALS]: Object.fromEntries(companies.map((name) => [name, { ...part(before, name), ...part(after, name) }])),
    [COMPANIES]: { ...part(first, COMPANIES), ...part(next, COMPANIES) },
  };
}
