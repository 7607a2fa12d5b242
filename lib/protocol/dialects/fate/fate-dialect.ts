import { MeshCode } from '../../../errors/mesh-code.js';
import { MeshExtension } from '../../../kernel/extension.decorator.js';
import { DIALECT, type RawRequest } from '../../dialect.js';
import { EnvelopeDialect } from '../envelope-dialect.js';

/** How some clients of FATE's broker spell the sender. */
const FROM_NODE_ID = 'x-ptp-from-node-id';
const FROM_INST_ID = 'x-ptp-from-inst-id';

/** The session API of FATE's OSX broker: a pop that finds no message ends with E0000000601. */
@MeshExtension(DIALECT, 'fate')
export class FateDialect extends EnvelopeDialect {
  constructor() {
    super({
      spelling: { layout: 'standard', payload: 'payload', message: 'msg', none: MeshCode.TIMEOUT },
      precedence: 'body',
    });
  }

  override recognise({ headers }: RawRequest): number {
    return headers[FROM_NODE_ID] || headers[FROM_INST_ID] ? 3 : 0;
  }
}
