import { describe, expect, test } from 'vitest';
import {
  Health,
  keepBytes,
  OBSERVER_HEALTH_SERVICE,
  Observer,
  withRawResponses,
} from '../../../../src/hubble/proto/services.ts';

describe('a method', () => {
  const { GetFlows } = Observer;

  test('writes and reads both of its messages', () => {
    const request = { number: 20n, follow: true, whitelist: [{ source_pod: ['a/b'] }] };
    expect(GetFlows.requestDeserialize(GetFlows.requestSerialize(request))).toEqual(request);
    const response = { flow: { verdict: 2 }, node_name: 'n' };
    expect(GetFlows.responseDeserialize(GetFlows.responseSerialize(response))).toEqual(response);
  });

  test('with raw responses hands bytes through on both sides', () => {
    const raw = withRawResponses(GetFlows);
    const bytes = Buffer.from([1, 2, 3]);
    expect(raw.responseSerialize(bytes)).toBe(bytes);
    expect(raw.responseDeserialize(bytes)).toBe(bytes);
    expect(raw.path).toBe('/observer.Observer/GetFlows');
    expect(raw.requestDeserialize(raw.requestSerialize({ number: 1n }))).toEqual({ number: 1n });
    expect(keepBytes(bytes)).toBe(bytes);
  });

  test('of an empty message is no bytes', () => {
    expect(Observer.ServerStatus.requestSerialize({})).toHaveLength(0);
    expect(Observer.ServerStatus.requestDeserialize(Buffer.alloc(0))).toEqual({});
  });
});

test('health asks for the name of Hubble’s own servers', () => {
  const bytes = Health.Check.requestSerialize({ service: OBSERVER_HEALTH_SERVICE });
  expect(bytes.toString('utf8', 2)).toBe('hubble.server.Observer');
});
