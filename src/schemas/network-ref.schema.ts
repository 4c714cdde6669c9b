import { z } from 'zod';

/** Id of a network: the name of its folder or file in the models folder. */
export const networkId = z
  .string()
  .regex(/^[a-z0-9][a-z0-9._-]{0,63}$/, 'must be 1 to 64 of a-z, 0-9, ".", "_" and "-"')
  .meta({ example: 'resnet18' });

/** Version of a network; the highest one by default. */
export const networkVersion = z
  .string()
  .regex(/^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$/, 'must be 1 to 64 letters, digits, ".", "_" and "-"')
  .meta({ example: '1.0.0' });
