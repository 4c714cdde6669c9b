/** Search path of programs when the parent has no PATH. */
export const SYSTEM_PATH = '/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin:/opt/homebrew/bin';

/**
 * Variables that Node, the C library, ONNX Runtime, libvips and accelerator drivers read. All others, such as
 * settings and secrets, are not passed on.
 */
const PASSED_ON = new RegExp(
  `^(?:${[
    'PATH|HOME|TMPDIR|TMP|TEMP|TZ|LANG|LANGUAGE|LC_.*|SYSTEMROOT|USERPROFILE|LOCALAPPDATA',
    'NODE_ENV|NODE_OPTIONS|NODE_V8_COVERAGE|NODE_COMPILE_CACHE|UV_.*',
    'LD_LIBRARY_PATH|LD_PRELOAD|DYLD_.*|MALLOC_.*|GLIBC_TUNABLES',
    'ORT_.*|OMP_.*|GOMP_.*|KMP_.*|MKL_.*|OPENBLAS_.*',
    'CUDA_.*|CUDNN_.*|CUBLAS_.*|NVIDIA_.*|ROCR_.*|HIP_.*|HSA_.*',
    'VK_.*|MESA_.*|GALLIUM_.*|LIBGL_.*|LP_.*|LVP_.*|EGL_.*|__EGL_.*|__GLX_.*|DRI_.*|DAWN_.*',
    'DISPLAY|WAYLAND_DISPLAY|XDG_.*|FONTCONFIG_.*|VIPS_.*|G_SLICE',
  ].join('|')})$`,
);
/** Names of the groups above that indicate a secret. */
const SECRET = /PASSWORD|SECRET|TOKEN|CREDENTIAL|(?:_|^)KEY(?:_|$)/i;

/** The part of `source` that is passed to a child which processes users' files. */
export function minimalEnvironment(source: NodeJS.ProcessEnv = process.env): NodeJS.ProcessEnv {
  const passedOn = Object.entries(source).filter(([name]) => PASSED_ON.test(name) && !SECRET.test(name));
  return { PATH: SYSTEM_PATH, ...Object.fromEntries(passedOn) };
}
