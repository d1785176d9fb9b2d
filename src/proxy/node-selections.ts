/** What a node's kube-proxy uses of each Service port, worked out once for a port. */
import { remember } from '../base/remember.js';
import { ZONE_LABEL } from '../cluster/objects.js';
import type { ProxierInput } from './node-program.js';
import { selectEndpoints } from './select-endpoints.js';
import type { EndpointSelection, ServiceMap, ServicePort } from './service-port.js';
import type { NodePlace } from './topology.js';

export class NodeSelections {
  readonly place: NodePlace;
  readonly #input: ProxierInput;
  readonly #services: ServiceMap;
  readonly #known = new Map<ServicePort, EndpointSelection>();

  constructor(input: ProxierInput, services: ServiceMap) {
    const { node, self = node } = input;
    this.#input = input;
    this.#services = services;
    this.place = { name: self.metadata.name, zone: self.metadata.labels?.[ZONE_LABEL] ?? '' };
  }

  of(port: ServicePort): EndpointSelection {
    return remember(this.#known, port, () => {
      const endpoints = this.#services.endpointsSeenFrom(this.place.name, port);
      const selection = selectEndpoints(endpoints, port, this.place, this.#input.settings);
      return this.#input.follow?.(port, selection) ?? selection;
    });
  }
}
