import { joinHostPort } from '../base/address.js';
import type { EndpointRef, PathHeader, ServiceProbability, ServiceRef } from '../contract/answers.js';

/** `default/web:http (80/TCP)`, as much of it as is known. */
export function serviceText(service: ServiceRef): string {
  const name = `${service.namespace}/${service.name}${service.portName ? `:${service.portName}` : ''}`;
  const port = [service.port, service.protocol].filter((part) => part !== undefined).join('/');
  return port === '' ? name : `${name} (${port})`;
}

/** `10.0.0.1:80, pod default/web-1, node node-1, zone a`, as much of it as is known. */
export function endpointText(endpoint: EndpointRef): string {
  return [
    joinHostPort(endpoint.address, endpoint.port),
    endpoint.pod ? `pod ${endpoint.pod}` : '',
    endpoint.node ? `node ${endpoint.node}` : '',
    endpoint.zone ? `zone ${endpoint.zone}` : '',
  ]
    .filter((part) => part !== '')
    .join(', ');
}

function side(address: string, port: number | undefined): string {
  return port === undefined ? address : joinHostPort(address, port);
}

/** `192.168.0.9 → 192.168.251.24:80`, with the mark where one is set. */
export function headerText(header: PathHeader): string {
  const way = `${side(header.source, header.sourcePort)} → ${side(header.destination, header.destinationPort)}`;
  return Number(header.mark) === 0 ? way : `${way} mark ${header.mark}`;
}

/** `default/web:http (80/TCP) by cluster IP 10.96.0.1:80, IPv4` */
export function serviceTitle(service: Pick<ServiceProbability, 'service' | 'via' | 'destination' | 'family'>): string {
  const via = service.via
    .toLowerCase()
    .replaceAll('_', ' ')
    .replace(/\bip\b/, 'IP')
    .replace('dns', 'DNS');
  // A node port that is each node's own says so itself.
  const way = service.destination.startsWith(via) ? service.destination : `${via} ${service.destination}`;
  return `${serviceText(service.service)} by ${way}, ${service.family}`;
}
