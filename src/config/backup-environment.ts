import type { Settings } from './settings.js';

/** Variables that restic, ssh and the SDKs of object stores read. */
const PASSED_ON =
  /^(?:PATH|HOME|USER|LOGNAME|TMPDIR|LANG|LC_.*|XDG_CACHE_HOME|SSH_.*|(?:HTTPS?|NO|ALL)_PROXY|(?:https?|no|all)_proxy|SSL_CERT_.*|(?:AWS|RESTIC|B2|AZURE|GOOGLE|OS|ST)_.*)$/;
/** Other sources of what the settings give. */
const REPLACED = /^RESTIC_(?:REPOSITORY|PASSWORD)/;

/** Environment of restic: its repository, password and credentials, which must not be on a command line. */
export function backupEnvironment(
  { backup }: Pick<Settings, 'backup'>,
  source: NodeJS.ProcessEnv = process.env,
): NodeJS.ProcessEnv {
  const passedOn = Object.entries(source).filter(([name]) => PASSED_ON.test(name) && !REPLACED.test(name));
  return {
    ...Object.fromEntries(passedOn),
    RESTIC_REPOSITORY: backup.repository,
    RESTIC_PASSWORD: backup.password,
    // One report of progress a second.
    RESTIC_PROGRESS_FPS: '1',
    ...(backup.s3AccessKeyId !== undefined && { AWS_ACCESS_KEY_ID: backup.s3AccessKeyId }),
    ...(backup.s3SecretAccessKey !== undefined && { AWS_SECRET_ACCESS_KEY: backup.s3SecretAccessKey }),
  };
}
