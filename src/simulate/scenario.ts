import type { Component } from '../runtime/component.ts';

/** Emits flows into the relays of a simulation. */
export interface Scenario extends Component {
  /** Flows made so far. */
  readonly made: number;
  /** Resolves when all flows are made; never when the scenario has no end. */
  readonly done: Promise<void>;
}
