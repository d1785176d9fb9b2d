import type { Service } from '../../cluster/objects.js';
import { annotationOf } from '../annotations.js';
import { jsonObjectOf } from '../fields.js';

const NEG = 'cloud.google.com/neg';
/** Written by the controller once the NEGs are there. */
const NEG_STATUS = 'cloud.google.com/neg-status';

/**
 * Whether a Service's pods are members of GCE_VM_IP_PORT NEGs: the controller says they are there, or the annotation
 * asks for NEGs of their own (`exposed_ports`). `{"ingress":true}` alone shows nothing: GKE writes it on every Service
 * of a VPC-native cluster, and NEGs appear once an Ingress refers to it (kubernetes/ingress-gce
 * pkg/annotations/service.go; GKE, "Container-native load balancing").
 */
export function isNegService(service: Service): boolean {
  const { exposed_ports: exposed } = jsonObjectOf(annotationOf(service, NEG));
  if (typeof exposed === 'object' && exposed !== null && Object.keys(exposed).length > 0) return true;
  return Object.keys(jsonObjectOf(annotationOf(service, NEG_STATUS))).length > 0;
}
