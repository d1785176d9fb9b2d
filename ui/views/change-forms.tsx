/** Forms that put a change together, one for each kind that people make by hand; manifests take the rest. */
import { useState } from 'preact/hooks';
import type { Change, ListedObjects, ServiceDestination } from '../api/types.js';
import { scalable, serviceName, workloadOf } from '../state/objects.js';
import { Combobox } from './combobox.js';
import { Select } from './select.js';
import { serviceChoices } from './sentence.js';

interface FormProps {
  readonly objects: ListedObjects;
  /** The Service that the view is about. */
  readonly service: Pick<ServiceDestination, 'namespace' | 'name'> | undefined;
  onAdd(change: Change): void;
}

function ScaleForm({ objects, onAdd }: FormProps) {
  const choices = scalable(objects);
  const [name, setName] = useState(choices[0]?.value ?? '');
  const workload = workloadOf(name);
  const listed = objects.workloads.find((one) => `${one.kind} ${one.namespace}/${one.name}` === name);
  const now = listed?.replicas ?? listed?.pods ?? 1;
  return (
    <form
      class="row"
      onSubmit={(event) => {
        event.preventDefault();
        if (workload === undefined || workload.kind === 'DaemonSet') return;
        onAdd({ scale: { ...workload, kind: workload.kind, replicas: now + 1 } });
      }}
    >
      <Combobox label="Workload to scale" value={name} choices={choices} onPick={setName} />
      <span class="detail">
        {now} → {now + 1} replicas, then by the slider
      </span>
      <button type="submit" disabled={workload === undefined}>
        Add
      </button>
    </form>
  );
}

const SERVICE_FIELDS = {
  type: ['ClusterIP', 'NodePort', 'LoadBalancer'],
  externalTrafficPolicy: ['Cluster', 'Local'],
  internalTrafficPolicy: ['Cluster', 'Local'],
  sessionAffinity: ['None', 'ClientIP'],
  trafficDistribution: ['PreferClose', 'PreferSameZone', 'PreferSameNode', 'none'],
} as const;

function ServiceForm({ objects, service, onAdd }: FormProps) {
  const choices = serviceChoices(objects);
  const [name, setName] = useState(service === undefined ? (choices[0]?.value ?? '') : serviceName(service));
  const [field, setField] = useState<keyof typeof SERVICE_FIELDS>('externalTrafficPolicy');
  const [value, setValue] = useState<string>('Local');
  const words = SERVICE_FIELDS[field];
  return (
    <form
      class="row"
      onSubmit={(event) => {
        event.preventDefault();
        const [namespace = '', own = ''] = name.split('/');
        onAdd({ service: { namespace, name: own, [field]: value === 'none' ? null : value } });
      }}
    >
      <Combobox label="Service to change" value={name} choices={choices} onPick={setName} />
      <Select
        label="Field"
        value={field}
        options={Object.keys(SERVICE_FIELDS).map((one) => [one as keyof typeof SERVICE_FIELDS, one] as const)}
        onPick={(one) => {
          setField(one);
          setValue(SERVICE_FIELDS[one][1]);
        }}
      />
      <Select
        label="Value"
        value={value}
        options={words.map((one) => [one as string, one] as const)}
        onPick={setValue}
      />
      <button type="submit">Add</button>
    </form>
  );
}

type NodeAction = (typeof NODE_ACTIONS)[number];

const NODE_ACTIONS = ['DRAIN', 'FAIL', 'REMOVE', 'CORDON', 'UNCORDON'] as const;
const ACTION_WORDS = {
  DRAIN: 'drain',
  FAIL: 'is down',
  REMOVE: 'remove',
  CORDON: 'cordon',
  UNCORDON: 'uncordon',
} as const;
const ACTIONS = NODE_ACTIONS.map((one) => [one, ACTION_WORDS[one]] as const);

function NodeForm({ objects, onAdd }: FormProps) {
  const [name, setName] = useState(objects.nodes[0]?.name ?? '');
  const [action, setAction] = useState<NodeAction | 'ADD'>('DRAIN');
  return (
    <form
      class="row"
      onSubmit={(event) => {
        event.preventDefault();
        onAdd({ node: { name, action } });
      }}
    >
      <Combobox
        label="Node"
        value={name}
        free={action === 'ADD'}
        choices={objects.nodes.map((one) => ({ value: one.name, detail: one.zone ?? '' }))}
        onPick={setName}
      />
      <Select<NodeAction | 'ADD'>
        label="What happens to the node"
        value={action}
        options={[...ACTIONS, ['ADD', 'joins, like another']]}
        onPick={(one) => {
          setAction(one);
          if (one === 'ADD') setName(`node-${objects.nodes.length + 1}`);
        }}
      />
      <button type="submit">Add</button>
    </form>
  );
}

function ZoneForm({ objects, onAdd }: FormProps) {
  const zones = [...new Set(objects.nodes.flatMap(({ zone }) => zone ?? []))].sort();
  const [name, setName] = useState(zones[0] ?? '');
  const [action, setAction] = useState<NodeAction>('FAIL');
  if (zones.length === 0) return <p class="detail">No node of this cluster has a zone.</p>;
  return (
    <form
      class="row"
      onSubmit={(event) => {
        event.preventDefault();
        onAdd({ zone: { name, action } });
      }}
    >
      <Select label="Zone" value={name} options={zones.map((zone) => [zone, zone] as const)} onPick={setName} />
      <Select<NodeAction>
        label="What happens to the zone"
        value={action}
        options={ACTIONS}
        onPick={(one) => setAction(one)}
      />
      <button type="submit">Add</button>
    </form>
  );
}

const POD_STATES = [
  ['NOT_READY', 'not ready'],
  ['READY', 'ready'],
  ['TERMINATING', 'terminating'],
  ['DELETED', 'deleted'],
] as const;

type PodState = (typeof POD_STATES)[number][0];

function PodsForm({ objects, onAdd }: FormProps) {
  const [name, setName] = useState(objects.pods[0] === undefined ? '' : serviceName(objects.pods[0]));
  const [state, setState] = useState<PodState>('NOT_READY');
  return (
    <form
      class="row"
      onSubmit={(event) => {
        event.preventDefault();
        const [namespace = '', own = ''] = name.split('/');
        onAdd({ pods: { namespace, names: [own], state } });
      }}
    >
      <Combobox
        label="Pod"
        value={name}
        choices={objects.pods.map((one) => ({ value: serviceName(one), detail: one.node ?? '' }))}
        onPick={setName}
      />
      <Select<PodState>
        label="What becomes of the pod"
        value={state}
        options={POD_STATES}
        onPick={(one) => setState(one)}
      />
      <button type="submit">Add</button>
    </form>
  );
}

function ProxyForm({ onAdd }: FormProps) {
  const [mode, setMode] = useState('nftables');
  const [version, setVersion] = useState('');
  return (
    <form
      class="row"
      onSubmit={(event) => {
        event.preventDefault();
        onAdd({
          proxy: {
            ...(mode === '' ? {} : { mode: mode as 'iptables' }),
            ...(version === '' ? {} : { kubernetesVersion: version }),
          },
        });
      }}
    >
      <Select
        label="Mode of kube-proxy"
        value={mode}
        options={[
          ['iptables', 'iptables'],
          ['nftables', 'nftables'],
          ['ipvs', 'IPVS'],
          ['', 'the same mode'],
        ]}
        onPick={setMode}
      />
      <label>
        Version{' '}
        <input
          type="text"
          size={8}
          placeholder="the same"
          value={version}
          onInput={({ currentTarget }) => setVersion(currentTarget.value.trim())}
        />
      </label>
      <button type="submit" disabled={mode === '' && version === ''}>
        Add
      </button>
    </form>
  );
}

function ManifestForm({ onAdd }: FormProps) {
  const [text, setText] = useState('');
  return (
    <form
      class="column"
      onSubmit={(event) => {
        event.preventDefault();
        onAdd({ apply: { manifests: [text] } });
        setText('');
      }}
    >
      <label>
        Manifests, as <code>kubectl apply</code> takes them: YAML or JSON, several with <code>---</code> between
        <textarea
          rows={10}
          spellcheck={false}
          value={text}
          onInput={({ currentTarget }) => setText(currentTarget.value)}
        />
      </label>
      <button type="submit" disabled={text.trim() === ''}>
        Apply
      </button>
    </form>
  );
}

const FORMS = {
  scale: ['Scale', ScaleForm],
  service: ['Service', ServiceForm],
  node: ['Node', NodeForm],
  zone: ['Zone', ZoneForm],
  pods: ['Pod', PodsForm],
  proxy: ['kube-proxy', ProxyForm],
  manifests: ['Manifests', ManifestForm],
} as const;

export function AddChange(props: FormProps) {
  const [kind, setKind] = useState<keyof typeof FORMS>('scale');
  const [, Form] = FORMS[kind];
  return (
    <section class="add-change" aria-labelledby="add-title">
      <h2 id="add-title">Add a change</h2>
      <span class="switch" role="group" aria-label="Kind of change">
        {Object.entries(FORMS).map(([name, [words]]) => (
          <button
            key={name}
            type="button"
            aria-pressed={name === kind}
            onClick={() => setKind(name as keyof typeof FORMS)}
          >
            {words}
          </button>
        ))}
      </span>
      <Form key={kind} {...props} />
    </section>
  );
}
