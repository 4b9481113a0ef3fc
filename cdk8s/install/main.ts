import { buildCrd } from '../../crds/schema/crd.ts';
import { kinds } from '../../crds/schema/kinds.ts';
import { renderInstall } from './install.ts';
import type { InstallOptions } from './options.ts';

// node cdk8s/install/main.ts '{"namespace":"models","registry":false}'
const options = JSON.parse(process.argv[2] ?? '{}') as InstallOptions;
process.stdout.write(renderInstall(Object.values(kinds).map(buildCrd), options));
