import { z } from 'zod';
import { operation } from './operation.js';
import { json } from './request-body.js';

const stats = z
  .object({
    success: z.literal(true),
    data: z.object({
      totalConnections: z
        .number()
        .int()
        .meta({ example: 5, description: 'All connections for an admin; the own ones for a user' }),
      userConnections: z.number().int().meta({ example: 2 }),
    }),
  })
  .meta({ id: 'WebSocketStats' });

const testNotification = z
  .strictObject({
    message: z.string().trim().min(1).max(1000).meta({ example: 'This is a test notification' }),
  })
  .meta({ id: 'TestNotification' });

const testSent = z
  .object({
    success: z.literal(true),
    message: z.literal('Test notification sent'),
    delivered: z
      .number()
      .int()
      .meta({ description: "Number of the caller's open connections that received it" }),
  })
  .meta({ id: 'TestNotificationSent' });

const ticketIssued = z
  .object({
    success: z.literal(true),
    ticket: z.string().meta({ description: 'Opens one connection; shown only here' }),
    expiresAt: z.iso.datetime().meta({ description: '30 seconds from now' }),
  })
  .meta({ id: 'ConnectionTicket' });

/** HTTP routes for the WebSocket at `/ws`. */
export const realtimeOperations = {
  stats: operation({
    method: 'get',
    path: '/api/websocket/stats',
    operationId: 'getWebSocketStats',
    summary: 'WebSocket connection statistics',
    tag: 'WebSocket',
    access: 'user',
    scope: 'jobs:read',
    responses: [{ status: 200, description: 'The counts', schema: stats }],
  }),
  test: operation({
    method: 'post',
    path: '/api/websocket/test',
    operationId: 'sendTestNotification',
    summary: 'Send a test notification to the own connections',
    tag: 'WebSocket',
    access: 'user',
    scope: 'jobs:read',
    body: json(testNotification),
    responses: [{ status: 200, description: 'The notification was sent', schema: testSent }],
  }),
  ticket: operation({
    method: 'post',
    path: '/api/websocket/tickets',
    operationId: 'createConnectionTicket',
    summary: 'Create a ticket that opens one WebSocket or Socket.IO connection within 30 seconds',
    tag: 'WebSocket',
    access: 'user',
    scope: 'any-key',
    responses: [{ status: 201, description: 'The ticket', schema: ticketIssued }],
  }),
};
