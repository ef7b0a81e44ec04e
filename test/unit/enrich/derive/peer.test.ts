import { expect, test } from 'vitest';
import { peerOf } from '../../../../src/enrich/derive/peer.ts';

const end = { workload: '', names: '', labels: '', pod: '' };

test.each<[what: string, end: Partial<typeof end>, peer: string]>([
  [
    'nothing with a workload',
    { workload: 'a/Deployment/b', names: 'x.com', labels: 'reserved:world', pod: 'p' },
    '',
  ],
  ['the first DNS name', { names: 'x.com\ny.com', labels: 'cidr:10.0.0.0/8' }, 'x.com'],
  [
    'the narrowest network, wherever it stands',
    { labels: 'reserved:world\ncidr:10.0.0.0/8\ncidr:10.1.2.0/24\ncidr:10.1.0.0/16' },
    'cidr:10.1.2.0/24',
  ],
  ['an IPv6 network', { labels: 'cidr:2001-db8--0/32\ncidr:--0/0' }, 'cidr:2001-db8--0/32'],
  ['never all there is', { labels: 'cidr:0.0.0.0/0\ncidr:::/0\nreserved:world' }, 'reserved:world'],
  [
    'the first reserved label',
    { labels: 'k8s:a=b\nreserved:kube-apiserver\nreserved:remote-node' },
    'reserved:kube-apiserver',
  ],
  ['a pod without a workload', { labels: 'k8s:run=debug', pod: 'debug' }, 'debug'],
  ['nothing when nothing is known', {}, ''],
])('%s', (_, told, peer) => {
  expect(peerOf({ ...end, ...told })).toBe(peer);
});
