import { MeshExtension, MIDDLEWARE, type Middleware, type PassingNext, type PassingRequest } from 'nestjs-mesh/spi';

/** Counts the calls that come in. Middleware stands around what is served; all is used, one around the other. */
@MeshExtension(MIDDLEWARE, 'tally', { priority: 100 })
export class TallyMiddleware implements Middleware {
  readonly scope = { services: ['mesh.demo.*'] };
  count = 0;

  handle(request: PassingRequest, next: PassingNext) {
    this.count++;
    return next(request);
  }
}
