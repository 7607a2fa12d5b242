import type { Delivery, SessionMessage } from '../store.js';
import type { MessageQueue } from './message-queue.js';
import type { QueuedMessage } from './queued-message.js';

/** Hears how deliveries end. */
export interface DeliveryDesk {
  confirmed(queue: MessageQueue, message: QueuedMessage): void;
  givenBack(queue: MessageQueue, message: QueuedMessage): void;
}

/** A message that was taken from its queue. Only the first word on how its delivery ended counts. */
export class TakenMessage implements Delivery {
  private desk: DeliveryDesk | undefined;

  constructor(
    desk: DeliveryDesk,
    private readonly queue: MessageQueue,
    private readonly taken: QueuedMessage,
  ) {
    this.desk = desk;
  }

  get message(): SessionMessage {
    return this.taken.message;
  }

  confirm(): void {
    const { desk } = this;
    this.desk = undefined;
    desk?.confirmed(this.queue, this.taken);
  }

  giveBack(): void {
    const { desk } = this;
    this.desk = undefined;
    desk?.givenBack(this.queue, this.taken);
  }
}
