import { Controller } from '@nestjs/common';
import { MeshSession, type ReceivedMessage, SessionStream } from 'nestjs-mesh';
import { map, type Observable, take } from 'rxjs';
import { MESSAGES } from './parties.js';

/** Is handed what the partner asks as it arrives: nobody pops. What it returns goes back, and when it completes, so does the answer. */
@Controller()
export class Answering {
  @MeshSession({ topic: 'question', replyTopic: 'answer' })
  answer(@SessionStream() questions: Observable<ReceivedMessage>): Observable<Uint8Array> {
    return questions.pipe(
      take(MESSAGES),
      map(({ payload }) => payload),
    );
  }
}
