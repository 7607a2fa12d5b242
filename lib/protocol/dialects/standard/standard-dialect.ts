import { MeshCode } from '../../../errors/mesh-code.js';
import { MeshExtension } from '../../../kernel/extension.decorator.js';
import { DIALECT } from '../../dialect.js';
import { EnvelopeDialect } from '../envelope-dialect.js';

/** The session API as the standard has it (v1.2.0): what a request is taken for that shows nothing else. */
@MeshExtension(DIALECT, 'standard')
export class StandardDialect extends EnvelopeDialect {
  constructor() {
    super({
      spelling: { layout: 'standard', payload: 'content', message: 'message', none: MeshCode.SUCCESS },
      precedence: 'body',
    });
  }

  /** Nothing shows it: it is what is left when no other dialect shows. */
  override recognise(): number {
    return 0;
  }
}
