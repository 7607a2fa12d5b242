import { MsgpackCodec } from '../../lib/codec/msgpack/msgpack-codec.js';
import { describeWireBytes } from '../support/wire-bytes.js';

describeWireBytes({ name: 'msgpack', type: MsgpackCodec, from: 'the package' });
