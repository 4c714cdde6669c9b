/** Socket.IO namespace of remote control. */
export const REMOTE_CONTROL_NAMESPACE = '/remote-control';
/** Room of all devices of a user. */
export const userRoom = (userId: string): string => `USER:${userId}`;
