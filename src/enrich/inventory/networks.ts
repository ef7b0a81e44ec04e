// Addresses to the networks they are in: pod and node CIDRs of clusters, from the configuration and from Kubernetes.
import { type Address, parseAddress, parsePrefix } from '../../hubble/filter/address.ts';

export interface Network {
  /** Key of the cluster. */
  readonly cluster: string;
  readonly kind: 'pod' | 'node';
  readonly cidr: string;
}

/** Networks of one length: by the bits before the host's. */
interface Level {
  readonly bits: 32 | 128;
  readonly host: bigint;
  readonly networks: Map<bigint, Network[]>;
}

export class Networks {
  /** Longest prefix first. */
  private readonly levels: readonly Level[];

  /** Texts that are no CIDR are left out: the configuration refuses them, Kubernetes has others than IP at times. */
  constructor(networks: Iterable<Network>) {
    const levels = new Map<string, Level & { readonly length: number }>();
    for (const network of networks) {
      const prefix = parsePrefix(network.cidr);
      if (prefix === undefined) continue;
      const { bits, length } = prefix;
      const key = `${bits}/${length}`;
      const host = BigInt(bits - length);
      const level = levels.get(key) ?? { bits, length, host, networks: new Map() };
      levels.set(key, level);
      const at = prefix.first >> host;
      level.networks.set(at, [...(level.networks.get(at) ?? []), network]);
    }
    this.levels = [...levels.values()].sort((a, b) => b.length - a.length);
  }

  get empty(): boolean {
    return this.levels.length === 0;
  }

  /** The networks an address is in, the smallest first; none for what is no address. */
  holding(text: string): readonly Network[] {
    const address = parseAddress(text);
    return address === undefined ? [] : this.levels.flatMap((level) => holdingIn(level, address));
  }
}

function holdingIn({ bits, host, networks }: Level, address: Address): readonly Network[] {
  if (bits !== address.bits || address.zone !== '') return [];
  return networks.get(address.value >> host) ?? [];
}
