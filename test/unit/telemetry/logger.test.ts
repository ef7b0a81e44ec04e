import { describe, expect, it } from 'vitest';
import { ParallaxError } from '../../../src/runtime/errors.ts';
import { logConfig } from '../../../src/telemetry/config.ts';
import { createLogger } from '../../../src/telemetry/logger.ts';
import { createRegistry } from '../../../src/telemetry/metrics.ts';

const ESC = String.fromCharCode(27);

function capture(config: Record<string, string>, isTTY = false, env = {}) {
  const lines: string[] = [];
  const output = { write: (line: string) => void lines.push(line), isTTY };
  const logger = createLogger({ config: logConfig.parse(config), role: 'write', output, env });
  return { logger, lines };
}

describe('logger', () => {
  it('writes one JSON object a line, with the role', () => {
    const { logger, lines } = capture({});
    logger.info({ cluster: 'eks' }, 'stream opened');
    expect(lines).toHaveLength(1);
    expect(JSON.parse(lines[0] ?? '')).toMatchObject({
      level: 30,
      role: 'write',
      cluster: 'eks',
      msg: 'stream opened',
    });
  });

  it('writes for people on a terminal: one line, data behind the message', () => {
    const { logger, lines } = capture({}, true);
    logger.child({ component: 'bus' }).warn({ reason: 'two words', n: 3, list: [1] }, 'lagging');
    expect(lines).toHaveLength(1);
    const plain = (lines[0] ?? '').replaceAll(new RegExp(`${ESC}\\[\\d+m`, 'g'), '');
    expect(plain).toMatch(
      /^\d\d:\d\d:\d\d\.\d{3} WARN {2}lagging component=bus reason="two words" n=3 list=\[1\]\n$/,
    );
    expect(lines[0]).toContain(ESC);
  });

  it('leaves colours out with NO_COLOR and off a terminal', () => {
    const quiet = capture({}, true, { NO_COLOR: '1' });
    quiet.logger.info('x');
    const piped = capture({ format: 'text' });
    piped.logger.info('x');
    expect(quiet.lines.join() + piped.lines.join()).not.toContain(ESC);
  });

  it('shows our errors with their code and others with their stack', () => {
    const { logger, lines } = capture({ format: 'text' });
    logger.error({ err: new ParallaxError('bus/unavailable', 'no broker') }, 'failed');
    logger.error({ err: new TypeError('x is undefined') }, 'failed');
    expect(lines[0]).toContain('err="no broker" code=bus/unavailable');
    expect(lines[0]?.trimEnd()).not.toContain('\n');
    expect(lines[1]).toMatch(/TypeError: x is undefined\n\s+at /);
  });

  it('hides secrets wherever they are', () => {
    for (const format of ['json', 'text']) {
      const { logger, lines } = capture({ format });
      logger.info(
        { password: 'geheim', sasl: { password: 'geheim' }, a: { b: { token: 'geheim' } } },
        'x',
      );
      logger.info({ headers: { authorization: 'geheim' } }, 'x');
      expect(lines.join()).not.toContain('geheim');
      expect(lines.join()).toContain('<hidden>');
    }
  });

  it('keeps to its level', () => {
    const { logger, lines } = capture({ level: 'warn' });
    logger.info('x');
    expect(lines).toEqual([]);
    const silent = capture({ level: 'silent' });
    silent.logger.fatal('x');
    expect(silent.lines).toEqual([]);
  });
});

describe('registry', () => {
  it('labels every sample with the role and says which build runs', async () => {
    const text = await createRegistry({ role: 'write', version: '1.2.3' }).metrics();
    expect(text).toMatch(
      /^parallax_build_info\{version="1\.2\.3",node="[\d.]+",role="write"\} 1$/m,
    );
    expect(text).toMatch(/^process_cpu_seconds_total\{role="write"\} [\d.]+/m);
    expect(text).toContain('nodejs_eventloop_lag_p99_seconds');
  });
});
