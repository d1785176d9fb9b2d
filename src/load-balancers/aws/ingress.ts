/**
 * Which Services an AWS load balancer serves without being their own: those that an Ingress of an ALB class names, and
 * those that a TargetGroupBinding binds to a target group. Sources: AWS Load Balancer Controller, "Ingress
 * annotations", "IngressClass", "TargetGroupBinding"
 * (kubernetes-sigs.github.io/aws-load-balancer-controller/latest/guide/), pkg/ingress/enhanced_backend_builder.go; EKS
 * user guide, "Create an IngressClass to configure an Application Load Balancer"
 * (docs.aws.amazon.com/eks/latest/userguide/auto-configure-alb.html).
 */
import { fieldsOf } from '../../base/record.js';
import { remember } from '../../base/remember.js';
import type { Cluster } from '../../cluster/cluster.js';
import { namespacedName, type Service } from '../../cluster/objects.js';
import { type Resource, resourceName } from '../../cluster/resources.js';
import { resourcesOfKind } from '../../cluster/resources-of-kind.js';
import { jsonObjectOf, listOf, textOf } from '../fields.js';

/** Values of `spec.controller` of an IngressClass: the AWS Load Balancer Controller, EKS Auto Mode. */
const CONTROLLERS: Readonly<Record<string, AlbController>> = {
  'ingress.k8s.aws/alb': 'CONTROLLER',
  'eks.amazonaws.com/alb': 'AUTO_MODE',
};
/**
 * The class whose name the controller takes for its own where no IngressClass object says so (flag `--ingress-class`).
 */
const USUAL_CLASS = 'alb';
const CLASS_ANNOTATION = 'kubernetes.io/ingress.class';
const DEFAULT_CLASS_ANNOTATION = 'ingressclass.kubernetes.io/is-default-class';
/** Written by the controller on an Ingress that it manages. */
const FINALIZERS = /^(?:ingress\.k8s\.aws\/resources|group\.ingress\.k8s\.aws\/)/;
export const ALB_PREFIX = 'alb.ingress.kubernetes.io/';
/** Labels of bindings that the controller makes itself, for an Ingress or a Service. */
const STACK_LABELS = ['ingress.k8s.aws/stack', 'service.k8s.aws/stack', 'gateway.k8s.aws.alb/stack'];

type AlbController = 'CONTROLLER' | 'AUTO_MODE';

/** A load balancer in front of a Service that another object asks for. */
export interface Front {
  readonly kind: 'INGRESS' | 'BINDING';
  readonly object: Resource;
  /** How answers call it: `Ingress default/web`. */
  readonly name: string;
  readonly controller: AlbController;
  /** Parameters of the IngressClass, which win over annotations. */
  readonly params: Resource | undefined;
  /** Ports of the Service that it sends to, by number or name. */
  readonly ports: readonly (number | string)[];
}

interface Objects {
  readonly ingresses: readonly Resource[];
  readonly classes: readonly Resource[];
  readonly params: readonly Resource[];
  readonly bindings: readonly Resource[];
}

function objectsOf(cluster: Cluster): Objects {
  const of = (kind: string) => resourcesOfKind(cluster, kind);
  return {
    ingresses: of('Ingress'),
    classes: of('IngressClass'),
    params: of('IngressClassParams'),
    bindings: of('TargetGroupBinding'),
  };
}

/** Who makes the load balancer of an Ingress, if one of AWS's controllers does. */
function controllerOf(ingress: Resource, { classes }: Objects) {
  const { ingressClassName } = fieldsOf(ingress.spec);
  const annotated = ingress.metadata.annotations?.[CLASS_ANNOTATION];
  if (annotated !== undefined) return annotated === USUAL_CLASS ? { controller: 'CONTROLLER' as const } : undefined;
  const named = textOf(ingressClassName);
  const object =
    named === undefined
      ? classes.find(({ metadata }) => metadata.annotations?.[DEFAULT_CLASS_ANNOTATION] === 'true')
      : classes.find(({ metadata }) => metadata.name === named);
  if (object !== undefined) {
    const { controller, parameters } = fieldsOf(object.spec);
    const known = textOf(controller) ?? '';
    const who = Object.hasOwn(CONTROLLERS, known) ? CONTROLLERS[known] : undefined;
    return who === undefined ? undefined : { controller: who, params: textOf(fieldsOf(parameters).name) };
  }
  if (named === USUAL_CLASS) return { controller: 'CONTROLLER' as const };
  const managed = listOf(ingress.metadata.finalizers).some((one) => FINALIZERS.test(String(one)));
  return named === undefined && managed ? { controller: 'CONTROLLER' as const } : undefined;
}

/** Whether one of AWS's controllers makes a load balancer for an Ingress, so that it is read. */
export function isAlbIngress(cluster: Cluster, ingress: Resource): boolean {
  return controllerOf(ingress, objectsOf(cluster)) !== undefined;
}

/** The Services of an action that an annotation describes (`actions.NAME`: forward to target groups by Service). */
function actionBackends({ metadata }: Resource, name: string): readonly (readonly [string, number | string])[] {
  const action = jsonObjectOf(metadata.annotations?.[`${ALB_PREFIX}actions.${name}`]);
  const groups = listOf(fieldsOf(action.forwardConfig).targetGroups);
  return groups.flatMap((group): (readonly [string, number | string])[] => {
    const { serviceName, servicePort } = fieldsOf(group);
    const service = textOf(serviceName);
    if (service === undefined) return [];
    const port = /^\d{1,5}$/.test(String(servicePort)) ? Number(servicePort) : textOf(servicePort);
    return port === undefined ? [] : [[service, port]];
  });
}

/** The Services and ports that an Ingress sends to. Backends that are no Services, or have no port, are left out. */
function backendsOf(ingress: Resource): readonly (readonly [string, number | string])[] {
  const { defaultBackend, backend, rules } = fieldsOf(ingress.spec);
  const all = [
    defaultBackend ?? backend,
    ...listOf(rules).flatMap((rule) =>
      listOf(fieldsOf(fieldsOf(rule).http).paths).map((path) => fieldsOf(path).backend),
    ),
  ];
  return all.flatMap((one): readonly (readonly [string, number | string])[] => {
    const { service, serviceName, servicePort } = fieldsOf(one);
    const { name, port } = fieldsOf(service);
    const named = textOf(name) ?? textOf(serviceName);
    if (named === undefined) return [];
    const { number, name: portName } = fieldsOf(port);
    const asked = number ?? portName ?? servicePort;
    if (asked === 'use-annotation') return actionBackends(ingress, named);
    return typeof asked === 'number' || textOf(asked) !== undefined ? [[named, asked as number | string]] : [];
  });
}

function addTo(fronts: Map<string, Front[]>, key: string, front: Front): void {
  remember(fronts, key, () => [] as Front[]).push(front);
}

function madeFronts(cluster: Cluster): ReadonlyMap<string, readonly Front[]> {
  const objects = objectsOf(cluster);
  const fronts = new Map<string, Front[]>();
  for (const ingress of objects.ingresses) {
    const found = controllerOf(ingress, objects);
    if (found === undefined) continue;
    const { controller } = found;
    const wanted = 'params' in found ? found.params : undefined;
    const byService = new Map<string, Set<number | string>>();
    for (const [service, port] of backendsOf(ingress)) {
      remember(byService, service, () => new Set<number | string>()).add(port);
    }
    for (const [service, ports] of byService) {
      addTo(fronts, `${ingress.metadata.namespace ?? 'default'}/${service}`, {
        kind: 'INGRESS',
        object: ingress,
        name: resourceName(ingress),
        controller,
        params: wanted === undefined ? undefined : objects.params.find(({ metadata }) => metadata.name === wanted),
        ports: [...ports],
      });
    }
  }
  for (const binding of objects.bindings) {
    // Those that the controller makes for an Ingress or a Service say nothing that these do not say themselves.
    if (STACK_LABELS.some((label) => binding.metadata.labels?.[label] !== undefined)) continue;
    const { name, port } = fieldsOf(fieldsOf(binding.spec).serviceRef);
    const service = textOf(name);
    if (service === undefined || (typeof port !== 'number' && textOf(port) === undefined)) continue;
    addTo(fronts, `${binding.metadata.namespace ?? 'default'}/${service}`, {
      kind: 'BINDING',
      object: binding,
      name: resourceName(binding),
      controller: binding.apiVersion.startsWith('eks.amazonaws.com/') ? 'AUTO_MODE' : 'CONTROLLER',
      params: undefined,
      ports: [port as number | string],
    });
  }
  return fronts;
}

const known = new WeakMap<Cluster['resources'], ReadonlyMap<string, readonly Front[]>>();

/** The load balancers of AWS in front of a Service that is not of type LoadBalancer, in the order of the snapshot. */
export function frontsOf(cluster: Cluster, service: Service): readonly Front[] {
  const all = remember(known, cluster.resources, () => madeFronts(cluster));
  return all.get(namespacedName(service)) ?? [];
}

/** The host name that an Ingress is published by. */
export function publishedName({ object }: Front): string | undefined {
  const { ingress } = fieldsOf(fieldsOf(object.status).loadBalancer);
  return listOf(ingress)
    .map((one) => textOf(fieldsOf(one).hostname))
    .find((name) => name !== undefined);
}
