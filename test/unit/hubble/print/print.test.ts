// The parts of the printers that the recorded calls do not reach.
import { expect, test } from 'vitest';
import { createPrinter } from '../../../../src/hubble/print/printer.ts';
import { alignColumns } from '../../../../src/hubble/print/tabwriter.ts';
import { ANSI_COLORS, joinName, NO_COLORS, quoted } from '../../../../src/hubble/print/text.ts';
import { timeFormat } from '../../../../src/hubble/print/time.ts';
import type { GetFlowsResponse } from '../../../../src/hubble/proto/schema.gen.ts';

test.each([
  ['StampMilli', 0n, 999_999_999, 'Jan  1 00:00:00.999'],
  ['rfc3339nano', -62_135_596_800n, 1, '0001-01-01T00:00:00.000000001Z'],
  ['RFC3339Milli', 253_402_300_799n, 500_000_000, '9999-12-31T23:59:59.5Z'],
  ['RFC1123Z', 951_782_400n, 0, 'Tue, 29 Feb 2000 00:00:00 +0000'],
  ['YearMonthDayHourMinute', -1n, 0, '1969-12-31T23:59Z'],
  ['toString', 0n, 0, 'Jan  1 00:00:00.000'],
])('%s', (name, seconds, nanos, text) => {
  expect(timeFormat(name)({ seconds, nanos })).toBe(text);
});

test('no time', () => expect(timeFormat('RFC3339')(undefined)).toBe('N/A'));

test('every day of some centuries agrees with Date', () => {
  const format = timeFormat('RFC1123Z');
  for (let day = -60_000; day < 120_000; day += 37) {
    const date = new Date(day * 86_400_000 + 3_723_000);
    const [, text] = /^(.*) GMT$/.exec(date.toUTCString()) ?? [];
    expect(format({ seconds: BigInt(date.getTime() / 1000), nanos: 0 })).toBe(`${text} +0000`);
  }
});

test('text of strangers cannot drive the terminal', () => {
  expect(NO_COLORS.visible('a\x1b[31mb\rc\td')).toBe('a^[[31mb\\rc\td');
  expect(ANSI_COLORS.visible('a\x1b[31mb\x1b[41m\rc')).toBe('a\x1b[31mb^[[41m\\rc');
  const lines: string[] = [];
  const printer = createPrinter(
    {
      output: 'compact',
      nodeName: true,
      policyNames: true,
      ipTranslation: true,
      timeFormat: '',
      color: true,
      debug: true,
      legacyJson: false,
    },
    { out: (text) => lines.push(text), err: (text) => lines.push(text) },
  );
  const evil = '\x1b]0;x\x07\x1b[2J';
  const policy = { name: evil, kind: evil };
  const responses: GetFlowsResponse[] = [
    {
      flow: {
        IP: { source: evil, destination: evil },
        Summary: evil,
        node_name: evil,
        source_names: [evil],
        event_type: { type: 5 },
        verdict: 1,
        traffic_direction: 1,
        ingress_allowed_by: [policy],
      },
    },
    { flow: { ethernet: { source: evil }, l7: { dns: { observation_source: evil } } } },
    { node_status: { state_change: 4, node_names: [evil], message: evil }, node_name: evil },
  ];
  for (const response of responses) printer.print(response);
  printer.end();
  // biome-ignore lint/suspicious/noControlCharactersInRegex: only the colours may be left
  expect(lines.join('').replace(/\x1b\[(\d\d|0)m/g, '')).not.toContain('\x1b');
});

test.each([
  ['kube-system', 'x', 'kube-system/x'],
  ['', 'x', 'x'],
  ['a', '../b', 'b'],
  ['a/', '/b', 'a/b'],
  ['..', 'x', '../x'],
  ['', '', ''],
  ['.', '.', '.'],
])('%s joined with %s', (namespace, name, joined) => {
  expect(joinName(namespace, name)).toBe(joined);
});

test('quoting', () => {
  expect(quoted('a"\\\n\x1b\u200b☃\u{1f680}')).toBe('"a\\"\\\\\\n\\x1b\\u200b☃🚀"');
});

test('columns are as wide as their widest cell among neighbours', () => {
  expect(alignColumns('a\tbb\tc\naaaa\tb\tc\n')).toBe('a      bb   c\naaaa   b    c\n');
  // A line of one cell ends the columns.
  expect(alignColumns('a\tb\nx\naaaa\tb\n')).toBe('a   b\nx\naaaa   b\n');
  expect(alignColumns('')).toBe('');
});
