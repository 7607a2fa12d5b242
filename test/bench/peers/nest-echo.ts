import { Controller, Module } from '@nestjs/common';
import { MessagePattern, Payload } from '@nestjs/microservices';

/** What is sent by the pattern `echo`, and comes back. */
export interface Message {
  payload: string;
}

@Controller()
class EchoController {
  @MessagePattern('echo')
  echo(@Payload() message: Message): Message {
    return message;
  }
}

/** What every server of Nest's own transports serves. */
@Module({ controllers: [EchoController] })
export class ServerModule {}
