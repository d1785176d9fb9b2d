/** `collect`: snapshots of a cluster, sent under a name every few minutes. */
import { CollectError } from '../collect/collect-error.js';
import { readCollectSettings } from '../collect/collect-settings.js';
import { rbacManifest } from '../collect/collected-resources.js';
import { accessOf, Collector } from '../collect/collector.js';
import { createLog } from '../operations/log.js';
import { SettingsError } from '../operations/variables.js';
import { UsageError } from '../words/usage-error.js';
import type { Arguments } from './arguments.js';
import { EXIT, type ExitCode } from './exit-codes.js';
import { type Io, writeAll } from './io.js';

/** The variable that each option stands for. */
const VARIABLES: Readonly<Record<string, string>> = {
  server: 'KUBE_WHATIF_SERVER',
  token: 'KUBE_WHATIF_TOKEN',
  'token-file': 'KUBE_WHATIF_TOKEN_FILE',
  ca: 'KUBE_WHATIF_CA_FILE',
  cert: 'KUBE_WHATIF_CERT_FILE',
  key: 'KUBE_WHATIF_KEY_FILE',
  name: 'COLLECT_NAME',
  interval: 'COLLECT_INTERVAL',
  kubeconfig: 'COLLECT_KUBECONFIG',
  context: 'COLLECT_CONTEXT',
  sender: 'COLLECT_SENDER',
  host: 'COLLECT_HOST',
  port: 'COLLECT_PORT',
};

/**
 * Runs the command until SIGTERM or SIGINT; with `--once`, for one snapshot: the exit code is 0 if it was accepted, 1
 * if the server refused it, 3 if it could not be read or sent. Throws UsageError.
 */
export async function runCollect(args: Arguments, io: Io): Promise<ExitCode> {
  if (args.has('rbac')) {
    await writeAll(io.stdout, rbacManifest());
    return EXIT.FINE;
  }
  const given = Object.entries(VARIABLES).flatMap(([option, variable]) => {
    const value = args.one(option);
    return value === undefined ? [] : [[variable, value] as const];
  });
  const env = { ...io.env, ...Object.fromEntries(given) };
  try {
    const settings = readCollectSettings(env);
    const collector = new Collector(settings, accessOf(settings, env), createLog(settings.logLevel));
    if (args.has('once')) {
      const done = await collector.round();
      if (done.result === 'FAILED') {
        await writeAll(io.stderr, `${done.detail}\n`);
        return EXIT.FAULT;
      }
      if (done.result === 'REFUSED') {
        await writeAll(io.stderr, `${done.detail}\n`);
        return EXIT.FAILED;
      }
      await writeAll(
        io.stdout,
        `${done.digest} ` +
          `${done.result === 'NEW' ? 'is the newest version of' : 'was the newest version already of'} ` +
          `${settings.name}.\n`,
      );
      return EXIT.FINE;
    }
    if (settings.port !== undefined) {
      const url = await collector.listen(settings.host, settings.port);
      await writeAll(io.stdout, `kube-whatif collects for ${settings.name}; health and metrics at ${url}\n`);
    }
    const stop = () => collector.stop();
    process.once('SIGTERM', stop).once('SIGINT', stop);
    await collector.run();
    process.off('SIGTERM', stop).off('SIGINT', stop);
  } catch (error) {
    if (error instanceof SettingsError) throw new UsageError(`Cannot collect.\n${error.problems.join('\n')}`);
    if (error instanceof CollectError) throw new UsageError(error.message);
    const { code } = error as NodeJS.ErrnoException;
    if (code === 'EADDRINUSE')
      throw new UsageError('Cannot listen for health and metrics: something else listens there.');
    throw error;
  }
  return EXIT.FINE;
}
