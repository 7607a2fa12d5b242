import { BALANCER, MeshExtension, type Balancer, type Instance, type Pick } from 'nestjs-mesh/spi';

/** Always the instance of the lowest address. As a provider it outranks the built-in `round-robin`, whose priority is 0. */
@MeshExtension(BALANCER, 'sticky', { priority: 1 })
export class StickyBalancer implements Balancer {
  pick(instances: readonly Instance[]): Pick {
    return { instance: instances.reduce((lowest, next) => (next.address < lowest.address ? next : lowest)) };
  }
}
