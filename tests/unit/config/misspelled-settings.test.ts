import { SETTING_NAMES } from '../../../src/config/environment.js';
import { misspelledSettings } from '../../../src/config/misspelled-settings.js';

const meantBy = (source: Readonly<Record<string, string>>) =>
  misspelledSettings(source, SETTING_NAMES).map(({ given, meant }) => [given, meant]);

describe('misspelled settings', () => {
  it.each([
    ['PROT', 'PORT'],
    ['PORTT', 'PORT'],
    ['DATABSE_URL', 'DATABASE_URL'],
    ['DATABASE_ULR', 'DATABASE_URL'],
    ['DATA_DRI', 'DATA_DIR'],
    ['DB_USER', 'DB_USERNAME'],
    ['DB_PASSWROD_FILE', 'DB_PASSWORD_FILE'],
    ['WORKER_CONCURENCY', 'WORKER_CONCURRENCY'],
    ['RATE_LIMIT_PER_MIN', 'RATE_LIMIT_PER_MINUTE'],
  ])('%s was meant to be %s', (given, meant) => {
    expect(meantBy({ [given]: 'x' })).toEqual([[given, meant]]);
  });

  it('variables of shells, of Node, of npm, of containers and of CI are no settings', () => {
    const names =
      'HOME PATH PWD OLDPWD SHELL SHLVL USER LOGNAME USERNAME LANG LC_ALL TERM COLORTERM EDITOR PAGER VISUAL MAIL TMPDIR ' +
      'HOSTNAME HOSTTYPE OSTYPE MACHTYPE DISPLAY SSH_AUTH_SOCK SSH_TTY SSH_CLIENT XDG_DATA_DIRS XDG_DATA_HOME XDG_RUNTIME_DIR ' +
      'NODE_PATH NODE_OPTIONS NODE_VERSION NODE_EXTRA_CA_CERTS NODE_DEBUG npm_config_cache npm_lifecycle_event INIT_CWD COLOR ' +
      'CI DEBUG FORCE_COLOR NO_COLOR TZ GITHUB_TOKEN GITHUB_ENV GITHUB_HOST RUNNER_TEMP PYTHONPATH PYTHON VIRTUAL_ENV ' +
      'PGHOST PGPORT PGUSER PGPASSWORD PGDATABASE PGDATA POSTGRES_HOST POSTGRES_PORT REDIS_URL REDIS_PASSWORD ' +
      'HTTP_PROXY HTTPS_PROXY NO_PROXY ALL_PROXY KUBERNETES_SERVICE_HOST KUBERNETES_PORT KUBERNETES_PORT_443_TCP_PORT ' +
      'CUDA_VISIBLE_DEVICES LD_LIBRARY_PATH VK_ICD_FILENAMES MALLOC_ARENA_MAX OMP_NUM_THREADS UV_THREADPOOL_SIZE ' +
      'TEST_DATABASE_URL LOG JWT APP_NAME APP_ENV DB_CONNECTION COMPOSE_FILE DOCKER_HOST PORT_FILE P HOST PORT';
    const source = Object.fromEntries(names.split(' ').map((name) => [name, 'x']));
    expect(meantBy(source)).toEqual([]);
    expect(
      misspelledSettings(
        Object.fromEntries(
          names
            .split(' ')
            .slice(0, -2)
            .map((name) => [name, 'x']),
        ),
        SETTING_NAMES,
      ),
    ).toEqual([]);
  });

  it('settings themselves, their aliases and files are right, and what is given too was not misspelled', () => {
    const all = Object.fromEntries(
      SETTING_NAMES.flatMap((name) => [
        [name, 'x'],
        [`${name}_FILE`, 'x'],
      ]),
    );
    expect(meantBy(all)).toEqual([]);
    expect(meantBy({ PORT: '1', PROT: '2' })).toEqual([]);
  });
});
