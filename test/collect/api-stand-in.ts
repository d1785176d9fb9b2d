/** A small API server for tests: it pages, forgets its pages, breaks connections, is busy, and forbids. */
import { once } from 'node:events';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';

type Fields = Readonly<Record<string, unknown>>;

/** Groups and versions of the resources. */
const HOMES: Readonly<Record<string, string>> = {
  nodes: '/api/v1',
  namespaces: '/api/v1',
  pods: '/api/v1',
  services: '/api/v1',
  endpointslices: '/apis/discovery.k8s.io/v1',
  deployments: '/apis/apps/v1',
  replicasets: '/apis/apps/v1',
  statefulsets: '/apis/apps/v1',
  daemonsets: '/apis/apps/v1',
  networkpolicies: '/apis/networking.k8s.io/v1',
  horizontalpodautoscalers: '/apis/autoscaling/v2',
  ipaddresspools: '/apis/metallb.io/v1beta1',
};

export class ApiStandIn {
  /** Objects by resource. */
  readonly objects: Record<string, Fields[]> = {};
  readonly kinds: Record<string, string> = {};
  readonly configMaps = new Map<string, Fields>();
  readonly forbidden = new Set<string>();
  /** Paths that were asked for, with their queries. */
  readonly asked: string[] = [];
  token = 'secret';
  /** How many further continuations answer that they have expired. */
  expiring = 0;
  /** How many further requests end in the middle of the reply, are turned away, or fail. */
  breaking = 0;
  busy = 0;
  failing = 0;
  readonly #server: Server;

  constructor() {
    this.#server = createServer((request, response) => this.#answer(request, response));
  }

  /** Fills it from a List, as kubectl prints it. */
  fill(list: { readonly items: readonly Fields[] }): void {
    const resources: Readonly<Record<string, string>> = {
      Node: 'nodes',
      Pod: 'pods',
      Service: 'services',
      EndpointSlice: 'endpointslices',
      Deployment: 'deployments',
      ReplicaSet: 'replicasets',
    };
    for (const name of Object.keys(HOMES)) this.objects[name] = [];
    for (const item of list.items) {
      const { kind, apiVersion: _, ...rest } = item as Fields & { readonly kind: string };
      const metadata: Fields = { ...(rest.metadata as Fields), managedFields: [{ manager: 'kubelet', fieldsV1: {} }] };
      if (kind === 'ConfigMap') this.configMaps.set(String(metadata.name as unknown), { ...item, metadata });
      const resource = resources[kind];
      // Items of typed lists have no kind of their own.
      if (resource !== undefined) {
        this.objects[resource]?.push({ ...rest, metadata });
        this.kinds[resource] = kind;
      }
    }
  }

  async listen(): Promise<string> {
    this.#server.listen(0, '127.0.0.1');
    await once(this.#server, 'listening');
    return `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}`;
  }

  close(): void {
    this.#server.closeAllConnections();
    this.#server.close();
  }

  #answer(request: IncomingMessage, response: ServerResponse): unknown {
    const url = new URL(request.url ?? '/', 'http://api');
    this.asked.push(url.pathname + url.search);
    const say = (status: number, body: unknown, headers: Readonly<Record<string, string>> = {}) => {
      const text = JSON.stringify(body);
      response.writeHead(status, {
        'content-type': 'application/json',
        'content-length': Buffer.byteLength(text),
        ...headers,
      });
      if (this.breaking > 0 && status === 200) {
        this.breaking--;
        response.write(text.slice(0, text.length >> 1));
        setTimeout(() => response.destroy(), 5);
      } else response.end(text);
    };
    const status = (code: number, reason: string) => say(code, { kind: 'Status', status: 'Failure', code, reason });
    if (request.headers.authorization !== `Bearer ${this.token}`) return status(401, 'Unauthorized');
    if (request.method !== 'GET') return status(403, 'Forbidden');
    if (this.busy > 0) {
      this.busy--;
      return say(429, {}, { 'retry-after': '0' });
    }
    if (this.failing > 0) {
      this.failing--;
      return status(500, 'InternalError');
    }
    const group = /^\/apis\/([^/]+)$/.exec(url.pathname)?.[1];
    if (group !== undefined) {
      const home = Object.values(HOMES).find((path) => path.startsWith(`/apis/${group}/`));
      if (home === undefined) return status(404, 'NotFound');
      return say(200, { kind: 'APIGroup', name: group, preferredVersion: { version: home.split('/').at(-1) } });
    }
    const map = /^\/api\/v1\/namespaces\/kube-system\/configmaps\/([^/]+)$/.exec(url.pathname)?.[1];
    if (map !== undefined) {
      if (this.forbidden.has('configmaps')) return status(403, 'Forbidden');
      const found = this.configMaps.get(map);
      return found === undefined ? status(404, 'NotFound') : say(200, found);
    }
    const resource = Object.keys(HOMES).find((name) => `${HOMES[name]}/${name}` === url.pathname);
    if (resource === undefined) return status(404, 'NotFound');
    if (this.forbidden.has(resource)) return status(403, 'Forbidden');
    const from = Number(url.searchParams.get('continue') ?? 0);
    if (from > 0 && this.expiring > 0) {
      this.expiring--;
      return status(410, 'Expired');
    }
    const all = this.objects[resource] ?? [];
    const limit = Number(url.searchParams.get('limit') ?? 0);
    const end = limit === 0 ? all.length : Math.min(all.length, from + limit);
    const kind = `${this.kinds[resource] ?? 'Thing'}List`;
    const more = end < all.length ? { continue: String(end), remainingItemCount: all.length - end } : {};
    say(200, {
      kind,
      apiVersion: HOMES[resource]?.replace(/^\/apis?\//, ''),
      metadata: { resourceVersion: '7', ...more },
      items: end === 0 ? null : all.slice(from, end),
    });
  }
}
