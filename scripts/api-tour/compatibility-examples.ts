/** Request and response bodies of the documented examples. */
export const EXAMPLES = {
  credentials: { email: 'user@example.com', password: 'securepassword123' },
  registered: {
    message: 'User registered successfully',
    user: {
      id: '550e8400-e29b-41d4-a716-446655440000',
      email: 'user@example.com',
      role: 'user',
      credit: 100,
    },
  },
  loggedIn: { message: 'Login successful', token: 'eyJhbGciOiJSUzI1NiIsInR5cCI6IkpXVCJ9...' },
  credits: { credits: 100 },
  recharge: { email: 'user@example.com', credits: 50 },
  recharged: { message: "User's credits updated", newBalance: 150 },
  newDataset: { name: 'Traffic Analysis 2023', tags: ['traffic', 'urban', 'peak-hours'] },
  secondDataset: { name: 'Urban Mobility Study', tags: ['traffic', 'urban'] },
  datasetCreated: {
    message: 'Dataset created successfully',
    dataset: {
      id: '550e8400-e29b-41d4-a716-446655440000',
      user_id: '7f8d0a15-8e1c-4612-a30c-1a2b3c4d5e6f',
      name: 'Traffic Analysis 2023',
      tags: ['traffic', 'urban', 'peak-hours'],
      created_at: '2023-07-15T10:30:00.000Z',
      updated_at: '2023-07-15T10:30:00.000Z',
    },
  },
  tagFilter: { tags: ['traffic', 'urban'] },
  datasets: {
    datasets: [
      {
        id: '550e8400-e29b-41d4-a716-446655440000',
        name: 'Traffic Analysis 2023',
        tags: ['traffic', 'urban', 'peak-hours'],
        created_at: '2023-07-15T10:30:00.000Z',
      },
    ],
  },
  dataset: {
    dataset: {
      id: '550e8400-e29b-41d4-a716-446655440000',
      name: 'Traffic Analysis 2023',
      tags: ['traffic', 'urban', 'peak-hours'],
      created_at: '2023-07-15T10:30:00.000Z',
      updated_at: '2023-07-15T10:30:00.000Z',
      videos: [{ id: 'a1b2c3d4-e5f6-4a5b-8c7d-9e8f7a6b5c4d', name: 'Morning Rush Hour', frame_count: 1500 }],
    },
  },
  changes: {
    name: 'Traffic Analysis 2023 - Updated',
    tags: ['traffic', 'urban', 'peak-hours', 'analysis'],
  },
  changed: {
    message: 'Dataset updated successfully',
    dataset: {
      id: '550e8400-e29b-41d4-a716-446655440000',
      name: 'Traffic Analysis 2023 - Updated',
      tags: ['traffic', 'urban', 'peak-hours', 'analysis'],
      updated_at: '2023-07-16T08:45:00.000Z',
    },
  },
  deleted: { message: 'Dataset deleted successfully' },
  uploadName: 'Morning Rush Hour',
  uploaded: {
    message: 'Morning Rush Hour - video added',
    id: 'a1b2c3d4-e5f6-4a5b-8c7d-9e8f7a6b5c4d',
    costDeducted: 10,
  },
  parameters: {
    startFrame: 0,
    endFrame: 500,
    goalFrameId: 40,
    frameStep: 2,
    detector: 'SIFT',
    useGpus: true,
  },
  inferenceCreated: { jobId: ['7f8d0a15-8e1c-4612-a30c-1a2b3c4d5e6f'] },
  status: { status: 'RUNNING' },
  result: {
    results: {
      requestId: '7f8d0a15-8e1c-4612-a30c-1a2b3c4d5e6f',
      velocity: [
        [0.1, 0.2],
        [0.3, 0.4],
        [0.5, 0.6],
      ],
      carbon_footprint: 25,
      download_url: '/download/results/7f8d0a15-8e1c-4612-a30c-1a2b3c4d5e6f.zip',
      message: 'Inference completed successfully',
    },
  },
  socketStatistics: { success: true, data: { totalConnections: 5, userConnections: 2 } },
  testMessage: { message: 'This is a test notification' },
  testSent: { success: true, message: 'Test notification sent' },
  health: { status: 'Server is working!', timestamp: '2023-07-15T14:22:10.123Z' },
} as const;
