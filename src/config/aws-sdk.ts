/** Turns off the notice of the AWS SDK about the Node.js versions of its later releases; ours is pinned. */
export function silenceAwsSdkNotice(): void {
  process.env.AWS_SDK_JS_NODE_VERSION_SUPPORT_WARNING_DISABLED = 'true';
}
