/** Security contexts. Source: Kubernetes 1.36 pkg/apis/core/validation, `ValidateSecurityContext`. */
import type { Faults, Place } from '../faults.js';
import { fieldsIn, isGiven, listIn, numberIn, textIn } from '../read-fields.js';
import { checkRelativePath } from './volumes.js';

const MOST_ID = 2 ** 31 - 1;

function checkId(value: unknown, at: Place, faults: Faults): void {
  if (isGiven(value) && (numberIn(value) < 0 || numberIn(value) > MOST_ID)) {
    faults.invalid(at, `${numberIn(value)} must be 0 to ${MOST_ID}.`);
  }
}

/** A seccomp or AppArmor profile. */
function checkProfile(profile: unknown, at: Place, faults: Faults): void {
  if (!isGiven(profile)) return;
  const { type, localhostProfile } = fieldsIn(profile);
  if (textIn(type) === '') faults.required(at.child('type'));
  else faults.oneOf(at.child('type'), type, ['Localhost', 'RuntimeDefault', 'Unconfined']);
  const place = at.child('localhostProfile');
  if (type === 'Localhost') {
    if (!isGiven(localhostProfile)) faults.required(place, 'Type Localhost needs a localhostProfile.');
    else checkRelativePath(textIn(localhostProfile), place, faults);
  } else if (isGiven(localhostProfile)) faults.invalid(place, 'localhostProfile is for type Localhost.');
}

export function checkContainerSecurity(context: unknown, at: Place, faults: Faults, hostUsers: boolean): void {
  if (!isGiven(context)) return;
  const own = fieldsIn(context);
  checkId(own.runAsUser, at.child('runAsUser'), faults);
  checkId(own.runAsGroup, at.child('runAsGroup'), faults);
  if (isGiven(own.procMount)) {
    faults.oneOf(at.child('procMount'), own.procMount, ['Default', 'Unmasked']);
    if (hostUsers && own.procMount === 'Unmasked') {
      faults.invalid(at.child('procMount'), 'procMount Unmasked needs hostUsers: false.');
    }
  }
  checkProfile(own.seccompProfile, at.child('seccompProfile'), faults);
  if (own.allowPrivilegeEscalation === false) {
    if (own.privileged === true) faults.invalid(at, 'A privileged container may escalate its privileges.');
    if (listIn(fieldsIn(own.capabilities).add).includes('CAP_SYS_ADMIN')) {
      faults.invalid(at, 'CAP_SYS_ADMIN needs allowPrivilegeEscalation.');
    }
  }
  checkProfile(own.appArmorProfile, at.child('appArmorProfile'), faults);
}

const SYSCTL = /^([a-z0-9]([-_a-z0-9]*[a-z0-9])?[./])*([a-z0-9][-_a-z0-9]*)?[a-z0-9]$/;

export function checkPodSecurity(context: unknown, hostPID: unknown, at: Place, faults: Faults, shares: unknown): void {
  if (isGiven(context)) {
    const own = fieldsIn(context);
    for (const field of ['fsGroup', 'runAsUser', 'runAsGroup']) checkId(own[field], at.child(field), faults);
    for (const [index, group] of listIn(own.supplementalGroups).entries()) {
      checkId(group, at.child('supplementalGroups').index(index), faults);
    }
    const names = new Set<string>();
    for (const [index, sysctl] of listIn(own.sysctls).entries()) {
      const name = textIn(fieldsIn(sysctl).name);
      const place = at.child('sysctls').index(index).child('name');
      if (name === '') faults.required(place);
      else if (!SYSCTL.test(name)) faults.invalid(place, `${name} is not the name of a sysctl.`);
      else if (names.has(name)) faults.duplicate(place, name);
      names.add(name);
    }
    if (isGiven(own.fsGroupChangePolicy)) {
      faults.oneOf(at.child('fsGroupChangePolicy'), own.fsGroupChangePolicy, ['Always', 'OnRootMismatch']);
    }
    checkProfile(own.seccompProfile, at.child('seccompProfile'), faults);
    checkProfile(own.appArmorProfile, at.child('appArmorProfile'), faults);
    if (isGiven(own.seLinuxChangePolicy)) {
      faults.oneOf(at.child('seLinuxChangePolicy'), own.seLinuxChangePolicy, ['MountOption', 'Recursive']);
    }
    if (isGiven(own.supplementalGroupsPolicy)) {
      faults.oneOf(at.child('supplementalGroupsPolicy'), own.supplementalGroupsPolicy, ['Merge', 'Strict']);
    }
  }
  if (shares === true && hostPID === true) {
    faults.invalid(at.child('shareProcessNamespace'), 'shareProcessNamespace and hostPID cannot both be set.');
  }
}
