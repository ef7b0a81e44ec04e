import type { Component } from '../runtime/component.ts';

/** Emits flows into the relays of a simulation. */
export interface Scenario extends Component {
  /** Flows made so far. */
  readonly made: number;
  /** Resolves when all flows asked for are made; never without an end. */
  readonly done: Promise<void>;
}
