import type { FieldDescription, FieldType, FileDescription } from './file-description.js';

const field = (name: string, number: number, type: FieldType): FieldDescription => ({ name, number, type });

const metadata = (number: number): FieldDescription => field('metadata', number, 'string map');
const payload = (number: number): FieldDescription => field('payload', number, 'bytes');
const topic = field('topic', 1, 'string');
const timeout = field('timeout', 2, 'int32');
const answer = [metadata(1), payload(2), field('code', 3, 'string'), field('message', 4, 'string')] as const;

/** The session API of the standard, which an application calls at its node. */
export const TRANSPORT_FILE: FileDescription = {
  name: 'org/ppc/ptp/transport.proto',
  package: 'org.ppc.ptp',
  messages: [
    { name: 'PushInbound', fields: [topic, payload(2), metadata(3)] },
    { name: 'PopInbound', fields: [topic, timeout] },
    { name: 'PeekInbound', fields: [topic] },
    { name: 'ReleaseInbound', fields: [topic, timeout] },
    { name: 'TransportOutbound', fields: answer },
  ],
  services: [
    {
      name: 'PrivateTransferTransport',
      methods: [
        { name: 'peek', input: 'PeekInbound', output: 'TransportOutbound' },
        { name: 'pop', input: 'PopInbound', output: 'TransportOutbound' },
        { name: 'push', input: 'PushInbound', output: 'TransportOutbound' },
        { name: 'release', input: 'ReleaseInbound', output: 'TransportOutbound' },
      ],
    },
  ],
};

/** What nodes call at each other, by the standard. */
export const PROTOCOL_FILE: FileDescription = {
  name: 'org/ppc/ptp/protocol.proto',
  package: 'org.ppc.ptp',
  messages: [
    { name: 'Inbound', fields: [metadata(1), payload(2)] },
    { name: 'Outbound', fields: answer },
  ],
  services: [
    {
      name: 'PrivateTransferProtocol',
      methods: [
        { name: 'transport', input: 'Inbound', output: 'Outbound', streams: 'both' },
        { name: 'invoke', input: 'Inbound', output: 'Outbound' },
      ],
    },
  ],
};

/** gRPC's health checking protocol. */
export const HEALTH_FILE: FileDescription = {
  name: 'grpc/health/v1/health.proto',
  package: 'grpc.health.v1',
  messages: [
    { name: 'HealthCheckRequest', fields: [field('service', 1, 'string')] },
    {
      name: 'HealthCheckResponse',
      fields: [field('status', 1, { enum: 'grpc.health.v1.HealthCheckResponse.ServingStatus' })],
      enums: [{ name: 'ServingStatus', values: ['UNKNOWN', 'SERVING', 'NOT_SERVING', 'SERVICE_UNKNOWN'] }],
    },
  ],
  services: [
    {
      name: 'Health',
      methods: [
        { name: 'Check', input: 'HealthCheckRequest', output: 'HealthCheckResponse' },
        { name: 'Watch', input: 'HealthCheckRequest', output: 'HealthCheckResponse', streams: 'server' },
      ],
    },
  ],
};

/** gRPC's server reflection protocol, whose versions differ in nothing but their name. */
export const REFLECTION_FILES: readonly FileDescription[] = ['v1', 'v1alpha'].map(reflectionFile);

function reflectionFile(version: string): FileDescription {
  const name = `grpc.reflection.${version}`;
  const message = (of: string): FieldType => ({ message: `${name}.${of}` });
  const asked = (it: FieldDescription): FieldDescription => ({ ...it, oneof: 'message_request' });
  const said = (it: FieldDescription): FieldDescription => ({ ...it, oneof: 'message_response' });
  return {
    name: `${name.replaceAll('.', '/')}/reflection.proto`,
    package: name,
    messages: [
      {
        name: 'ServerReflectionRequest',
        fields: [
          field('host', 1, 'string'),
          asked(field('file_by_filename', 3, 'string')),
          asked(field('file_containing_symbol', 4, 'string')),
          asked(field('file_containing_extension', 5, message('ExtensionRequest'))),
          asked(field('all_extension_numbers_of_type', 6, 'string')),
          asked(field('list_services', 7, 'string')),
        ],
      },
      {
        name: 'ExtensionRequest',
        fields: [field('containing_type', 1, 'string'), field('extension_number', 2, 'int32')],
      },
      {
        name: 'ServerReflectionResponse',
        fields: [
          field('valid_host', 1, 'string'),
          field('original_request', 2, message('ServerReflectionRequest')),
          said(field('file_descriptor_response', 4, message('FileDescriptorResponse'))),
          said(field('all_extension_numbers_response', 5, message('ExtensionNumberResponse'))),
          said(field('list_services_response', 6, message('ListServiceResponse'))),
          said(field('error_response', 7, message('ErrorResponse'))),
        ],
      },
      { name: 'FileDescriptorResponse', fields: [{ ...field('file_descriptor_proto', 1, 'bytes'), repeated: true }] },
      {
        name: 'ExtensionNumberResponse',
        fields: [field('base_type_name', 1, 'string'), { ...field('extension_number', 2, 'int32'), repeated: true }],
      },
      {
        name: 'ListServiceResponse',
        fields: [{ ...field('service', 1, message('ServiceResponse')), repeated: true }],
      },
      { name: 'ServiceResponse', fields: [field('name', 1, 'string')] },
      { name: 'ErrorResponse', fields: [field('error_code', 1, 'int32'), field('error_message', 2, 'string')] },
    ],
    services: [
      {
        name: 'ServerReflection',
        methods: [
          {
            name: 'ServerReflectionInfo',
            input: 'ServerReflectionRequest',
            output: 'ServerReflectionResponse',
            streams: 'both',
          },
        ],
      },
    ],
  };
}
