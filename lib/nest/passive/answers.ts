import { Observable, Subscription } from 'rxjs';
import { type PushBounds, pushOperator } from '../../session/handle/push-to.js';
import { type PushReply, pushReply, repliesOf, type Reply, replySize } from './replies.js';

/** What a handler had to say, once it is all pushed: something, were it only its end, or nothing at all. */
export type Answered = 'something' | 'nothing';

/** Pushes what a handler answers, within the bounds of `MeshSession.pushTo`. */
export class Answers {
  private readonly sending = new Subscription();

  constructor(
    private readonly bounds: PushBounds,
    private readonly push: PushReply,
  ) {}

  /**
   * Pushes everything in what a handler returned. What was answered before a failure goes out before the failure is told.
   *
   * @throws MeshError E0000000700 beyond the bounds, or what the handler or a push fails with
   */
  async send(result: unknown): Promise<Answered> {
    let nothings = 0;
    let failure: { readonly error: unknown } | undefined;
    const replies = repliesOf(result, () => nothings++);
    const orderly = new Observable<Reply>((subscriber) =>
      replies.subscribe({
        next: (reply) => subscriber.next(reply),
        error: (error: unknown) => {
          failure = { error };
          subscriber.complete();
        },
        complete: () => subscriber.complete(),
      }),
    );
    const sent = await this.count(orderly);
    if (failure) throw failure.error;
    return sent === 0 && nothings > 0 ? 'nothing' : 'something';
  }

  /** Pushes nothing more, and unsubscribes from what the handler returned; `send` is over then. */
  stop(): void {
    this.sending.unsubscribe();
  }

  private count(replies: Observable<Reply>): Promise<number> {
    const push = (reply: Reply, signal: AbortSignal) => pushReply(reply, this.push, signal);
    return new Promise((resolve, reject) => {
      let sent = 0;
      const observer = { next: () => sent++, error: reject, complete: () => resolve(sent) };
      if (this.sending.closed) return resolve(sent);
      this.sending.add(() => resolve(sent));
      this.sending.add(replies.pipe(pushOperator(push, this.bounds, replySize)).subscribe(observer));
    });
  }
}
