export * from './frame-message.js';
export * from './messages.js';
export * from './servo-api.js';
export * from './servo-stream.js';
