// What fills the relays of a simulation.
import type { Component } from '../runtime/component.ts';

export interface Scenario extends Component {
  /** Flows made so far. */
  readonly made: number;
  /** Resolves when all flows asked for are made; never without an end. */
  readonly done: Promise<void>;
}
