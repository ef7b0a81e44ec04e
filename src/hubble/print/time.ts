// Time formats of Hubble's output: always UTC, truncated, never rounded.
import { isTimestamp } from '../proto/timestamp.ts';
import type { Timestamp } from '../proto/wellknown.ts';

const MONTHS = ['Jan', 'Feb', 'Mar', 'Apr', 'May', 'Jun', 'Jul', 'Aug', 'Sep', 'Oct', 'Nov', 'Dec'];
const DAYS = ['Sun', 'Mon', 'Tue', 'Wed', 'Thu', 'Fri', 'Sat'];

interface Civil {
  readonly year: number;
  readonly month: number;
  readonly day: number;
  readonly weekday: number;
  readonly hour: number;
  readonly minute: number;
  readonly second: number;
  readonly nanos: number;
}

export type TimeFormat = (time: Timestamp | undefined) => string;

const LAYOUTS: Readonly<Record<string, (time: Civil) => string>> = {
  stampmilli: (t) =>
    `${MONTHS[t.month - 1]} ${String(t.day).padStart(2)} ${clock(t)}.${nano(t).slice(0, 3)}`,
  yearmonthday: date,
  yearmonthdayhour: (t) => `${date(t)}T${pad(t.hour)}Z`,
  yearmonthdayhourminute: (t) => `${date(t)}T${pad(t.hour)}:${pad(t.minute)}Z`,
  rfc3339: (t) => `${date(t)}T${clock(t)}Z`,
  rfc3339milli: (t) => rfc3339(t, 3),
  rfc3339micro: (t) => rfc3339(t, 6),
  rfc3339nano: (t) => rfc3339(t, 9),
  rfc1123z: (t) =>
    `${DAYS[t.weekday]}, ${pad(t.day)} ${MONTHS[t.month - 1]} ${year(t)} ${clock(t)} +0000`,
};

/**
 * The layout of that name, in any case; unknown names mean StampMilli. A time that is absent, or that no timestamp can
 * be, prints as `N/A`.
 */
export function timeFormat(name: string): TimeFormat {
  const key = name.toLowerCase();
  const layout = (Object.hasOwn(LAYOUTS, key) ? LAYOUTS[key] : undefined) ?? LAYOUTS.stampmilli;
  return (time) =>
    time === undefined || layout === undefined || !isTimestamp(time) ? 'N/A' : layout(civil(time));
}

function pad(value: number): string {
  return value < 10 ? `0${value}` : String(value);
}

function year({ year }: Civil): string {
  return String(year).padStart(4, '0');
}

function date(time: Civil): string {
  return `${year(time)}-${pad(time.month)}-${pad(time.day)}`;
}

function clock(time: Civil): string {
  return `${pad(time.hour)}:${pad(time.minute)}:${pad(time.second)}`;
}

function nano({ nanos }: Civil): string {
  return String(nanos).padStart(9, '0');
}

function rfc3339(time: Civil, digits: number): string {
  const fraction = nano(time).slice(0, digits).replace(/0+$/, '');
  return `${date(time)}T${clock(time)}${fraction === '' ? '' : `.${fraction}`}Z`;
}

// Date does not reach every year a timestamp can name, so the calendar is reckoned here: days since 0000-03-01 in
// 400-year eras.
function civil({ seconds, nanos }: Timestamp): Civil {
  const total = Number(seconds);
  const days = Math.floor(total / 86_400);
  const rest = total - days * 86_400;
  const shifted = days + 719_468;
  const era = Math.floor(shifted / 146_097);
  const dayOfEra = shifted - era * 146_097;
  const yearOfEra = Math.floor(
    (dayOfEra -
      Math.floor(dayOfEra / 1460) +
      Math.floor(dayOfEra / 36_524) -
      Math.floor(dayOfEra / 146_096)) /
      365,
  );
  const dayOfYear =
    dayOfEra - (365 * yearOfEra + Math.floor(yearOfEra / 4) - Math.floor(yearOfEra / 100));
  const marchMonth = Math.floor((5 * dayOfYear + 2) / 153);
  const month = marchMonth < 10 ? marchMonth + 3 : marchMonth - 9;
  return {
    year: yearOfEra + era * 400 + (month <= 2 ? 1 : 0),
    month,
    day: dayOfYear - Math.floor((153 * marchMonth + 2) / 5) + 1,
    weekday: (((days + 4) % 7) + 7) % 7,
    hour: Math.floor(rest / 3600),
    minute: Math.floor((rest % 3600) / 60),
    second: rest % 60,
    nanos,
  };
}
