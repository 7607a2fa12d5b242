import { handWritten, protobufEs, protobufJs, type PtpPeer } from '../../support/ptp-peers.js';
import type { PtpMessages } from '../../../lib/protocol/ptp/messages.js';
import { rates, rounded, table } from './rate.js';

const peers: Readonly<Record<string, PtpPeer>> = {
  'nestjs-mesh': handWritten,
  protobufjs: protobufJs(),
  '@bufbuild/protobuf': protobufEs(),
};

const push = (bytes: number): PtpMessages['PushInbound'] => ({
  topic: 'a topic of usual length',
  payload: Buffer.alloc(bytes, 7),
  metadata: { 'x-ptp-message-id': '0197a3c2-8f10-7bb1-9c3e-2f1f0f6cd2a1' },
});
const answer = (bytes: number): PtpMessages['TransportOutbound'] => ({
  metadata: {},
  payload: Buffer.alloc(bytes, 7),
  code: 'E0000000000',
  message: '',
});

const cells = [
  { message: 'PushInbound', value: push(128), name: 'push, 128 B' },
  { message: 'TransportOutbound', value: answer(128), name: 'answer, 128 B' },
  { message: 'PopInbound', value: { topic: 'a topic of usual length', timeout: 10_000 }, name: 'pop' },
  { message: 'PushInbound', value: push(1_024 * 1_024), name: 'push, 1 MiB' },
  { message: 'TransportOutbound', value: answer(1_024 * 1_024), name: 'answer, 1 MiB' },
] as const;

const rows: string[][] = [['operations per second', ...Object.keys(peers)]];
for (const { message, value, name } of cells) {
  const bytes = handWritten.encode(message, value, 'standard');
  const batch = bytes.length > 10_000 ? 20 : 1_000;
  const contest = (operate: (peer: PtpPeer) => unknown): Promise<ReadonlyMap<string, number>> =>
    rates(
      Object.fromEntries(
        Object.entries(peers).map(([peerName, peer]) => [
          peerName,
          (operations: number) => {
            for (let i = 0; i < operations; i++) operate(peer);
          },
        ]),
      ),
      batch,
    );
  const encoded = await contest((peer) => peer.encode(message, value, 'standard'));
  const decoded = await contest((peer) => peer.decode(message, bytes, 'standard'));
  rows.push([`encode ${name}`, ...[...encoded.values()].map(rounded)]);
  rows.push([`decode ${name}`, ...[...decoded.values()].map(rounded)]);
}
console.log('Messages of the protocol in protobuf:\n');
console.log(table(rows));
