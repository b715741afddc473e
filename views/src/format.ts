import { isRow, number, rows, share, text, texts } from "./answer.ts";
import type { Format } from "./layouts.ts";

/** Writes values as the reader's language and place do. */
export interface Writer {
  /** The value in words; nothing where there is none. */
  value(format: Format, value: unknown): string;
  /** The value in a picture: as short as it can be. */
  short(format: Format, value: unknown): string;
  /** A share: `62%`, and `1.7%` where whole ones would say too little. */
  percent(value: number): string;
  /** The first and the last day: `Oct 1 – 31, 2026`. */
  days(from: string, to: string): string;
  /** A moment, in the reader's own time zone. */
  moment(value: string): string;
}

const DAY = /^(\d{4})-(\d{2})-(\d{2})$/;
const CIVIL = /^(\d{4}-\d{2}-\d{2})T(\d{2}):(\d{2})(?::\d{2}(?:\.\d+)?)?(?:Z|[+-]\d{2}:\d{2})$/;
const CLOCK = /^(?:(\p{L}{2,10}) )?(\d{1,2}):(\d{2})$/u;

/** A writer for a language, as hosts name it, a time zone, and the year that need not be said. */
export function writer(locale: string | undefined, zone: string | undefined, year: number | undefined): Writer {
  const language = usable(() => new Intl.NumberFormat(locale).resolvedOptions().locale) ?? "en-US";
  const timeZone = usable(() => new Intl.DateTimeFormat("en-US", { timeZone: zone }).resolvedOptions().timeZone);
  const numbers = (options: Intl.NumberFormatOptions) => {
    const made = new Intl.NumberFormat(language, options);
    return (value: number) => made.format(value);
  };
  const whole = numbers({ maximumFractionDigits: 0 });
  const tenths = numbers({ maximumFractionDigits: 1 });
  const hundredths = numbers({ maximumFractionDigits: 2 });
  const dollars = numbers({ style: "currency", currency: "USD", maximumFractionDigits: 0, minimumFractionDigits: 0 });
  const cents = numbers({ style: "currency", currency: "USD", minimumFractionDigits: 2 });
  const percents = numbers({ style: "percent", maximumFractionDigits: 0 });
  const finePercents = numbers({ style: "percent", maximumFractionDigits: 1 });
  const changes = numbers({ style: "percent", maximumFractionDigits: 0, signDisplay: "exceptZero" });
  const dates = (options: Intl.DateTimeFormatOptions) =>
    new Intl.DateTimeFormat(language, { timeZone: "UTC", ...options });
  const day = dates({ month: "short", day: "numeric" });
  const dayAndYear = dates({ month: "short", day: "numeric", year: "numeric" });
  const clock = dates({ hour: "numeric", minute: "2-digit" });
  const moments = dates({
    month: "short",
    day: "numeric",
    hour: "numeric",
    minute: "2-digit",
    timeZoneName: "short",
    timeZone,
  });

  const percent = (value: number) => (Math.abs(value) < 0.1 ? finePercents : percents)(value);
  const date = (value: string) => {
    const parsed = civilDay(value);
    if (!parsed) return value;
    return (year === undefined || parsed.getUTCFullYear() === year ? day : dayAndYear).format(parsed);
  };
  const time = (value: string) => {
    const [, weekday, hour, minute] = CLOCK.exec(value) ?? [];
    if (hour === undefined || minute === undefined) return value;
    return `${weekday ? `${weekday} ` : ""}${plain(clock.format(Date.UTC(2000, 0, 1, Number(hour), Number(minute))))}`;
  };
  const money = (value: unknown) => {
    const amount = number(value);
    if (amount === undefined) return text(value);
    return (Number.isInteger(Math.round(amount * 100) / 100) ? dollars : cents)(amount);
  };
  const rate = (value: unknown) => {
    const found = typeof value === "number" ? value : share(value);
    if (found === undefined) return "";
    const { count, of, below, small_sample } = isRow(value) ? value : {};
    const told = typeof count === "number" && typeof of === "number" ? [`${whole(count)} of ${whole(of)}`] : [];
    if (small_sample === true) told.push("small sample");
    return `${below === true ? "below " : ""}${percent(found)}${told.length ? ` (${told.join(", ")})` : ""}`;
  };
  const civil = (value: string) => {
    const [, on, hour, minute] = CIVIL.exec(value) ?? [];
    return on ? `${date(on)}, ${time(`${hour}:${minute}`)}` : value;
  };
  const free = (value: unknown): string => {
    if (typeof value === "number") return hundredths(value);
    if (typeof value === "boolean") return value ? "yes" : "no";
    if (typeof value === "string") return civil(value);
    if (Array.isArray(value)) return value.map(free).filter(Boolean).join(", ");
    if (!isRow(value)) return "";
    if ("rate" in value) return rate(value);
    return Object.entries(value)
      .map(([name, each]) => `${name.replaceAll("_", " ")}: ${free(each)}`)
      .join("; ");
  };
  const counted = (value: unknown, write: (found: number) => string) =>
    typeof value === "number" ? write(value) : free(value);

  const value = (format: Format, given: unknown): string => {
    if (given === undefined || given === null) return "";
    switch (format) {
      case "count":
        return counted(given, hundredths);
      case "decimal":
        return counted(given, tenths);
      case "hours":
        return counted(given, (hours) => `${hundredths(hours)} h`);
      case "days":
        return counted(given, (days) => `${tenths(days)} ${days === 1 ? "day" : "days"}`);
      case "money":
        return money(given);
      case "rate":
        return rate(given);
      case "range": {
        const { low, high } = isRow(given) ? given : {};
        return typeof low === "number" && typeof high === "number" ? `${tenths(low)}–${tenths(high)}` : free(given);
      }
      case "date":
        return date(text(given));
      case "time":
        return time(text(given));
      case "flag":
        return given === true ? "yes" : given === false ? "" : free(given);
      case "list":
        return Array.isArray(given) && given.every((each) => !isRow(each)) ? texts(given).join(", ") : free(given);
      case "rates":
        return rows(given)
          .map((each) => `${text(each.name)} ${percent(share(each) ?? 0)}`)
          .join(", ");
      case "change":
        return typeof given === "number" ? changes(given) : free(given);
      case "id":
      case "text":
        return typeof given === "number" ? String(given) : free(given);
    }
  };

  return {
    value,
    percent,
    short(format, given) {
      const found = number(given);
      if (found === undefined) return value(format, given);
      if (format === "money") return (Math.abs(found) < 1000 && !Number.isInteger(found) ? cents : dollars)(found);
      if (format === "rate") return percent(found);
      return value(format, given);
    },
    days(from, to) {
      const [first, last] = [civilDay(from), civilDay(to)];
      if (!first || !last) return [from, to].filter(Boolean).join(" to ");
      return plain(first.getTime() === last.getTime() ? dayAndYear.format(first) : dayAndYear.formatRange(first, last));
    },
    moment(given) {
      const parsed = Date.parse(given);
      return Number.isNaN(parsed) ? given : plain(moments.format(parsed));
    },
  };
}

/** A day without a time of day, as the beginning of it in UTC. */
export function civilDay(value: string): Date | undefined {
  const [, year, month, day] = DAY.exec(value) ?? [];
  return year ? new Date(Date.UTC(Number(year), Number(month) - 1, Number(day))) : undefined;
}

/** A day so many days later. */
export function daysLater(value: string, days: number): string {
  const first = civilDay(value);
  return first ? new Date(first.getTime() + days * 86_400_000).toISOString().slice(0, 10) : value;
}

/** Hours since midnight of a time such as `13:30` or `Mon 13:30`. */
export function hourOf(value: unknown): number | undefined {
  const [, , hour, minute] = CLOCK.exec(text(value)) ?? [];
  return hour === undefined ? undefined : Number(hour) + Number(minute) / 60;
}

/** Thin and unbreakable spaces, which some languages put between digits and words, look like errors in copied text. */
function plain(written: string): string {
  return written.replace(/[\u2009\u202f\u00a0]/g, " ");
}

function usable<T>(made: () => T): T | undefined {
  try {
    return made();
  } catch {
    return undefined;
  }
}
