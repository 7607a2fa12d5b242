/** A Nest application without anything in it, that listens: what every application takes to start. */
import { Module } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { HOST } from '../peer.js';

@Module({})
class BareModule {}

const app = await NestFactory.create(BareModule, { logger: false });
await app.listen(0, HOST);
console.log('ready');
