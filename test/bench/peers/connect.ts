import { once } from 'node:events';
import { createServer } from 'node:http2';
import type { ServerHttp2Session } from 'node:http2';
import { create, createFileRegistry } from '@bufbuild/protobuf';
import type { DescMethodUnary, Message } from '@bufbuild/protobuf';
import {
  FieldDescriptorProto_Label as Label,
  FieldDescriptorProto_Type as Type,
  FileDescriptorProtoSchema,
  FileDescriptorSetSchema,
} from '@bufbuild/protobuf/wkt';
import { connectNodeAdapter, createConnectTransport, Http2SessionManager } from '@connectrpc/connect-node';
import { HOST } from '../peer.js';
import type { Ends } from '../peer.js';

interface Echo extends Message {
  payload: string;
}

/** The method of `echo.proto`, without a generator of code. */
function echoMethod(): DescMethodUnary {
  const file = create(FileDescriptorProtoSchema, {
    name: 'echo.proto',
    package: 'bench',
    syntax: 'proto3',
    messageType: [
      {
        name: 'Message',
        field: [{ name: 'payload', jsonName: 'payload', number: 1, type: Type.STRING, label: Label.OPTIONAL }],
      },
    ],
    service: [{ name: 'Echo', method: [{ name: 'Echo', inputType: '.bench.Message', outputType: '.bench.Message' }] }],
  });
  const registry = createFileRegistry(create(FileDescriptorSetSchema, { file: [file] }));
  return registry.getService('bench.Echo')?.method['echo'] as DescMethodUnary;
}

/** Connect's own protocol over HTTP/2, in protobuf. */
export const connect: Ends = {
  async serve(port) {
    const sessions = new Set<ServerHttp2Session>();
    const routes = connectNodeAdapter({
      routes: (router) => router.rpc(echoMethod(), (message) => message),
    });
    const server = createServer(routes).listen(port, HOST);
    server.on('session', (session) => {
      sessions.add(session);
      session.on('close', () => sessions.delete(session));
    });
    await once(server, 'listening');
    return {
      stop: async () => {
        server.close();
        for (const session of sessions) session.destroy();
      },
    };
  },
  async dial(port) {
    const baseUrl = `http://${HOST}:${port}`;
    const sessionManager = new Http2SessionManager(baseUrl);
    const transport = createConnectTransport({ baseUrl, httpVersion: '2', useBinaryFormat: true, sessionManager });
    const echo = echoMethod();
    // What a client of Connect does for each call, whose type can only come from generated code.
    const call = async (payload: string): Promise<Echo> => {
      const answer = await transport.unary(echo, undefined, undefined, undefined, { payload });
      return answer.message as Echo;
    };
    return {
      prepare: (payload) => async () => (await call(payload)).payload.length,
      close: async () => sessionManager.abort(),
    };
  },
};
