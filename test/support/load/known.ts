// What a load holds that questions can name: an ordinary pod, its address, a uuid from the middle of the 24 hours.
import type { Store } from '../../../src/store/store.ts';
import type { Known } from './kinds.ts';
import { DAY, END } from './load.ts';

export async function known(store: Pick<Store, 'query'>): Promise<Known> {
  const slot = (END - DAY / 2n) / 300_000_000_000n;
  const within = 'time_slot BETWEEN {from:Int32} AND {to:Int32}';
  const params = { from: slot - 12n, to: slot };
  const one = async (select: string, where: string): Promise<string> => {
    const sql = `SELECT ${select} FROM flows WHERE ${within} AND ${where} LIMIT 1`;
    for await (const [value] of store.query(sql, params)) return String(value);
    throw new Error(`nothing stored where ${where}`);
  };
  const pod = await one(
    "concat(source_namespace, '/', source_pod_name)",
    "source_namespace = 'media-1' AND startsWith(source_pod_name, 'worker-')",
  );
  const [namespace = '', name = ''] = pod.split('/');
  const params2 = { ...params, namespace, name };
  const ofPod = async (column: string): Promise<string> => {
    const sql = `SELECT ${column} FROM flows WHERE ${within} AND source_namespace = {namespace:String} AND source_pod_name = {name:String} LIMIT 1`;
    for await (const [value] of store.query(sql, params2)) return String(value);
    throw new Error(`no flow of ${pod}`);
  };
  return {
    uuid: await one('uuid', 'destination_port = 443'),
    pod,
    ip: await ofPod('ip_source'),
    identity: await ofPod('source_identity'),
    node: await ofPod('node_name'),
    world: await one('ip_destination', 'destination_identity = 16777217'),
  };
}
