/**
 * Probes and lifecycle hooks of containers. Source: Kubernetes 1.36 pkg/apis/core/validation, `validateHandler`,
 * `validateProbe`.
 */
import type { Faults, Place } from '../faults.js';
import { headerName, nonNegative, portNumber, portNumberOrName, shown } from '../formats.js';
import { type Fields, fieldsIn, isGiven, itemsIn, listIn, numberIn, textIn } from '../read-fields.js';

type Check = (action: Fields, at: Place, faults: Faults, grace: unknown) => void;

const HANDLERS: readonly (readonly [string, Check])[] = [
  [
    'exec',
    ({ command }, at, faults) => {
      if (listIn(command).length === 0) faults.required(at.child('command'));
    },
  ],
  [
    'httpGet',
    ({ path, port, scheme, httpHeaders }, at, faults) => {
      if (textIn(path) === '') faults.required(at.child('path'));
      faults.each(at.child('port'), portNumberOrName(port));
      faults.oneOf(at.child('scheme'), scheme, ['HTTP', 'HTTPS']);
      for (const { name } of itemsIn(httpHeaders)) faults.each(at.child('httpHeaders'), headerName(textIn(name)));
    },
  ],
  ['tcpSocket', ({ port }, at, faults) => faults.each(at.child('port'), portNumberOrName(port))],
  ['grpc', ({ port }, at, faults) => faults.each(at.child('port'), portNumber(port ?? 0))],
  [
    'sleep',
    ({ seconds }, at, faults, grace) => {
      const value = numberIn(seconds);
      if (value < 0 || (isGiven(grace) && value > numberIn(grace))) {
        faults.invalid(at, `seconds is ${value}; it must be at least 0 and at most the grace period.`);
      }
    },
  ],
];

function checkHandler(handler: Fields, at: Place, faults: Faults, grace: unknown): void {
  let found = 0;
  for (const [field, check] of HANDLERS) {
    if (!isGiven(handler[field])) continue;
    if (found > 0) faults.forbidden(at.child(field), 'There may be one kind of handler.');
    else check(fieldsIn(handler[field]), at.child(field), faults, grace);
    found++;
  }
  if (found === 0) faults.required(at, `A handler is needed: ${HANDLERS.map(([field]) => field).join(', ')}.`);
}

export function checkLifecycle(lifecycle: unknown, at: Place, faults: Faults, grace: unknown): void {
  const hooks = fieldsIn(lifecycle);
  for (const hook of ['postStart', 'preStop']) {
    if (isGiven(hooks[hook])) checkHandler(fieldsIn(hooks[hook]), at.child(hook), faults, grace);
  }
}

const NUMBERS = ['initialDelaySeconds', 'timeoutSeconds', 'periodSeconds', 'successThreshold', 'failureThreshold'];

function checkProbe(probe: Fields, kind: string, at: Place, faults: Faults, grace: unknown): void {
  checkHandler(probe, at, faults, grace);
  for (const field of NUMBERS) faults.each(at.child(field), nonNegative(probe[field]));
  const { terminationGracePeriodSeconds: own, successThreshold } = probe;
  const place = at.child('terminationGracePeriodSeconds');
  if (isGiven(own) && numberIn(own) <= 0) faults.invalid(place, `${shown(own)} must be more than 0.`);
  if (kind === 'readinessProbe') {
    if (isGiven(own)) faults.invalid(place, 'A readiness probe has no grace period.');
  } else if (numberIn(successThreshold) !== 1) {
    faults.invalid(at.child('successThreshold'), `successThreshold of a ${kind} must be 1.`);
  }
}

/** The three probes of a container. */
export function checkProbes(container: Fields, at: Place, faults: Faults, grace: unknown): void {
  for (const kind of ['livenessProbe', 'readinessProbe', 'startupProbe']) {
    if (isGiven(container[kind])) checkProbe(fieldsIn(container[kind]), kind, at.child(kind), faults, grace);
  }
}
