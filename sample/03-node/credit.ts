import { MeshFacade, Mpi } from 'nestjs-mesh';

/** What the bureau provides in Nest: bureau.ts. */
@MeshFacade({ timeoutMs: 5_000 })
export class Credit {
  /** The score of a customer, from 300 to 850; refuses with NOT_FOUND whom it does not know. */
  @Mpi('bureau.credit.score', ['customer'], { idempotent: true })
  score!: (customer: string) => Promise<number>;
}

/** What the bureau provides in Python: fraud.py. */
@MeshFacade({ timeoutMs: 5_000 })
export class Fraud {
  /** Whether an amount is unusual for a customer. */
  @Mpi('bureau.fraud.unusual', ['customer', 'amount'], { idempotent: true })
  unusual!: (customer: string, amount: number) => Promise<boolean>;
}

/** What nobody provides. */
@MeshFacade({ timeoutMs: 5_000 })
export class Gossip {
  /** Never answers. */
  @Mpi('bureau.gossip.about', ['customer'])
  about!: (customer: string) => Promise<string>;
}
