/**
 * Every field of KubeProxyConfiguration (kubeproxy.config.k8s.io/v1alpha1, Kubernetes 1.20 to 1.36) and every flag of
 * kube-proxy, and what becomes of it here. READ: it is modelled. NO_EFFECT: no answer depends on it. What is in neither
 * list is reported as not read, since an answer may depend on it.
 */

/** Fields that are read, as dotted paths. */
export const READ_FIELDS: readonly string[] = [
  'apiVersion',
  'kind',
  'mode',
  'clusterCIDR',
  'detectLocalMode',
  'detectLocal.bridgeInterface',
  'detectLocal.interfaceNamePrefix',
  'nodePortAddresses',
  'iptables.masqueradeAll',
  'iptables.masqueradeBit',
  'iptables.localhostNodePorts',
  'nftables.masqueradeAll',
  'nftables.masqueradeBit',
  'ipvs.scheduler',
  'ipvs.strictARP',
  'conntrack.tcpBeLiberal',
  'featureGates',
  'hostnameOverride',
  'healthzBindAddress',
  'metricsBindAddress',
];

/** Fields on which no answer depends: logs, clients, timers of the sync loop, sizes of tables, timeouts of flows. */
export const FIELDS_WITHOUT_EFFECT: readonly string[] = [
  'clientConnection',
  'logging',
  'enableProfiling',
  'showHiddenMetricsForVersion',
  'bindAddressHardFail',
  'iptables.syncPeriod',
  'iptables.minSyncPeriod',
  'nftables.syncPeriod',
  'nftables.minSyncPeriod',
  'ipvs.syncPeriod',
  'ipvs.minSyncPeriod',
  'ipvs.tcpTimeout',
  'ipvs.tcpFinTimeout',
  'ipvs.udpTimeout',
  'conntrack.max',
  'conntrack.maxPerCore',
  'conntrack.min',
  'conntrack.tcpEstablishedTimeout',
  'conntrack.tcpCloseWaitTimeout',
  'conntrack.udpTimeout',
  'conntrack.udpStreamTimeout',
  'oomScoreAdj',
  'configSyncPeriod',
  'resourceContainer',
  // Of the userspace mode, which went with 1.26, and of Windows.
  'portRange',
  'udpIdleTimeout',
  'winkernel',
  'windowsRunAsService',
];

/** Flags that are read. */
export const READ_FLAGS: readonly string[] = [
  'config',
  'proxy-mode',
  'cluster-cidr',
  'detect-local-mode',
  'pod-bridge-interface',
  'pod-interface-name-prefix',
  'nodeport-addresses',
  'masquerade-all',
  'iptables-masquerade-bit',
  'iptables-localhost-nodeports',
  'ipvs-scheduler',
  'ipvs-strict-arp',
  'conntrack-tcp-be-liberal',
  'feature-gates',
  'hostname-override',
  'healthz-bind-address',
  'healthz-port',
  'metrics-bind-address',
  'metrics-port',
];

/** Flags on which no answer depends. */
export const FLAGS_WITHOUT_EFFECT: readonly string[] = [
  'kubeconfig',
  'master',
  'kube-api-burst',
  'kube-api-content-type',
  'kube-api-qps',
  'bind-address-hard-fail',
  'config-sync-period',
  'iptables-sync-period',
  'iptables-min-sync-period',
  'nftables-sync-period',
  'nftables-min-sync-period',
  'ipvs-sync-period',
  'ipvs-min-sync-period',
  'ipvs-tcp-timeout',
  'ipvs-tcpfin-timeout',
  'ipvs-udp-timeout',
  'conntrack-max',
  'conntrack-max-per-core',
  'conntrack-min',
  'conntrack-tcp-timeout-close-wait',
  'conntrack-tcp-timeout-established',
  'conntrack-udp-timeout',
  'conntrack-udp-timeout-stream',
  'oom-score-adj',
  'profiling',
  'show-hidden-metrics-for-version',
  'proxy-port-range',
  'udp-timeout',
  'resource-container',
  'v',
  'vmodule',
  'logtostderr',
  'alsologtostderr',
  'log-backtrace-at',
  'log-dir',
  'log-file',
  'log-file-max-size',
  'log-flush-frequency',
  'log-json-info-buffer-size',
  'log-json-split-stream',
  'log-text-info-buffer-size',
  'log-text-split-stream',
  'logging-format',
  'one-output',
  'skip-headers',
  'skip-log-headers',
  'stderrthreshold',
  'add-dir-header',
  'azure-container-registry-config',
  'machine-id-file',
  'boot-id-file',
  'container-hints',
  // Of Windows.
  'windows-service',
  'enable-dsr',
  'forward-healthcheck-vip',
  'network-name',
  'root-hnsendpoint-name',
  'source-vip',
];

/** Addresses that mean every address, which is what a proxy without `bindAddress` takes. */
const UNSPECIFIED = ['', '0.0.0.0', '::'];

/** Whether a value says no more than the zero value, which means the default. */
function isZero(value: unknown): boolean {
  if (value === null || value === undefined || value === '' || value === false || value === 0) return true;
  if (Array.isArray(value)) return value.length === 0;
  return typeof value === 'object' && Object.values(value).every(isZero);
}

/** The fields of a configuration that are set, are not read, and may change an answer: dotted path and value. */
export function unreadFields(
  fields: Readonly<Record<string, unknown>>,
  mode: string,
): readonly (readonly [path: string, value: unknown])[] {
  const unread: (readonly [string, unknown])[] = [];
  const visit = (value: unknown, path: string) => {
    if (READ_FIELDS.includes(path) || FIELDS_WITHOUT_EFFECT.includes(path) || isZero(value)) return;
    const section = READ_FIELDS.some((known) => known.startsWith(`${path}.`));
    if (section && typeof value === 'object' && value !== null && !Array.isArray(value)) {
      for (const [name, inner] of Object.entries(value)) visit(inner, `${path}.${name}`);
    } else if (!isIdle(path, value, mode)) unread.push([path, value]);
  };
  for (const [name, value] of Object.entries(fields)) visit(value, name);
  return unread;
}

/** Whether a field that is not read says what is taken for granted, or is of a mode that does not run. */
function isIdle(path: string, value: unknown, mode: string): boolean {
  if (path === 'bindAddress') return typeof value === 'string' && UNSPECIFIED.includes(value);
  return path.startsWith('ipvs.') && mode !== 'ipvs';
}

/** As {@link unreadFields}, of a command line; a flag counts by its own name, `--bind-address`. */
export function unreadFlags(flags: ReadonlyMap<string, string>, mode: string): readonly (readonly [string, string])[] {
  return [...flags].filter(([name, value]) => {
    if (READ_FLAGS.includes(name) || FLAGS_WITHOUT_EFFECT.includes(name)) return false;
    if (name === 'bind-address') return !UNSPECIFIED.includes(value);
    if (name === 'cleanup' || name === 'init-only') return value !== 'false';
    return !name.startsWith('ipvs-') || mode === 'ipvs';
  });
}
