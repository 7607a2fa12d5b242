/**
 * What a node serves itself, by path: an entry that ends in `/` is all below it. What is below `org.ppc.ptp.`, `grpc.health.`
 * and `grpc.reflection.` are methods of gRPC services.
 */
const OWN_PATHS: readonly string[] = [
  '/mesh-rpc/',
  '/mesh/invoke',
  '/v1/interconn/',
  '/stats',
  '/org.ppc.ptp.PrivateTransferTransport/',
  '/org.ppc.ptp.PrivateTransferProtocol/',
  '/grpc.health.v1.Health/',
  '/grpc.reflection.v1.ServerReflection/',
  '/grpc.reflection.v1alpha.ServerReflection/',
];

/** Whether a path belongs to the node, be it served at the moment or not: nothing that is registered ever stands there. */
export function isOwnPath(path: string): boolean {
  return OWN_PATHS.some((own) => (own.endsWith('/') ? `${path}/`.startsWith(own) : path === own || path === `${own}/`));
}
